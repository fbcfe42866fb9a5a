"""What a transport and a storage are to Python: holders of the calls that the loop makes. See world.pxd."""


cdef class Transport:
    """Where messages come from and reports go to. Subclasses fill in the calls: ZmqTransport, SimulatedTransport."""


cdef class Storage:
    """Where commands are kept. Subclasses fill in the calls: LogStorage, SimulatedStorage."""
