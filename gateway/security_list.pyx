"""Instruments as records for clients. See security_list.pxd."""

from libc.string cimport memcpy, memset

from pricetime.gateway.connections cimport Connection
from pricetime.gateway.outgoing cimport make_room
from pricetime.gateway.state cimport DEFINITIONS_MAX
from pricetime.matching.records cimport (
    INSTRUMENT_TERMS_LINE, NAME_BYTES, NAME_LINE, RECORD_VERSION, SECURITY_DEFINITION, CommandLine,
    InstrumentTermsLine, NameLine,
)
from pricetime.matching.state cimport EngineState, Instrument

cdef struct Definition:
    CommandLine command
    NameLine name
    InstrumentTermsLine terms

cdef enum:
    DEFINITION_LINES = 3


cdef void define(const EngineState* engine, uint32_t id, Definition* definition) noexcept nogil:
    cdef const Instrument* instrument = &engine.instruments[id]
    memset(definition, 0, sizeof(Definition))
    definition.command.type = SECURITY_DEFINITION
    definition.command.shape = (RECORD_VERSION << 4) | DEFINITION_LINES
    definition.command.attributes = instrument.flags
    definition.command.instrument = id
    definition.name.type = NAME_LINE
    memcpy(definition.name.name, &engine.instrument_names[id], NAME_BYTES)
    memcpy(definition.name.currency, instrument.currency, sizeof(definition.name.currency))
    definition.terms.type = INSTRUMENT_TERMS_LINE
    definition.terms.flags = instrument.terms_flags
    definition.terms.price_scale = instrument.price_scale
    definition.terms.qty_scale = instrument.qty_scale
    definition.terms.iceberg_parts_max = instrument.iceberg_parts_max
    definition.terms.tick_size = instrument.tick_size
    definition.terms.lot_size = instrument.lot_size


cdef void answer_security_list(GatewayState* self, uint32_t index, uint32_t first) noexcept nogil:
    cdef Connection* connection = &self.table.connections[index]
    cdef Definition definition
    cdef uint32_t id = first if first else 1
    cdef uint32_t count = 0
    while id <= self.engine.instruments_count and count < DEFINITIONS_MAX and not connection.lost:
        if connection.room >= sizeof(Definition) or make_room(self, index, sizeof(Definition)):
            define(self.engine, id, &definition)
            memcpy(connection.end, &definition, sizeof(Definition))
            connection.end += sizeof(Definition)
            connection.room -= sizeof(Definition)
        id += 1
        count += 1
