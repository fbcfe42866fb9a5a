from pricetime.gateway.stat_page import StatPage
from pricetime.gateway.world import Storage
from pricetime.journal.writer import Writer

class LogStorage(Storage):
    def __init__(self, writer: Writer, stat: StatPage | None = None) -> None: ...
    @property
    def writer(self) -> Writer: ...
