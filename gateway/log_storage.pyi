from pricetime.gateway.world import Storage
from pricetime.journal.writer import Writer

class LogStorage(Storage):
    def __init__(self, writer: Writer) -> None: ...
    @property
    def writer(self) -> Writer: ...
