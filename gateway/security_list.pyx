"""Instruments, participants and sessions as records for clients. See security_list.pxd."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy, memset

from pricetime.gateway.connections cimport Connection
from pricetime.gateway.outgoing cimport make_room
from pricetime.gateway.state cimport DEFINITIONS_MAX
from pricetime.matching.records cimport (
    DISABLED, INSTRUMENT_TERMS_LINE, NAME_BYTES, NAME_LINE, PARTY_DEFINITION, RECORD_VERSION, RIGHT_DROP_COPY,
    RIGHT_OPERATE, RIGHT_RISK, SECURITY_DEFINITION, SESSION_DEFINITION, TEXT_LINE, CommandLine, InstrumentTermsLine,
    NameLine, TextLine,
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


# ----------------------------------------------------------------------------------------- participants and sessions

cdef struct Party:
    CommandLine command
    NameLine name
    TextLine owner


cdef void define_party(const EngineState* engine, uint32_t place, Party* party) noexcept nogil:
    """The one at this place: participants by id, then sessions by id, each with the name of its participant."""
    cdef uint32_t participant = place + 1
    cdef uint32_t session = place - engine.participants_count + 1
    cdef bint is_session = place >= engine.participants_count
    if is_session:
        participant = engine.sessions[session].participant
    memset(party, 0, sizeof(Party))
    party.command.shape = (RECORD_VERSION << 4) | DEFINITION_LINES
    party.name.type = NAME_LINE
    party.owner.type = TEXT_LINE
    memcpy(party.owner.text, &engine.participant_names[participant], NAME_BYTES)
    if is_session:
        party.command.type = SESSION_DEFINITION
        party.command.attributes = engine.sessions[session].flags
        party.command.target = session
        party.command.quantity = participant
        memcpy(party.name.name, &engine.session_names[session], NAME_BYTES)
    else:
        party.command.type = PARTY_DEFINITION
        party.command.attributes = engine.participants[participant].flags & DISABLED
        party.command.target = participant
        memcpy(party.name.name, &engine.participant_names[participant], NAME_BYTES)


cdef bint may_have_party_list(const GatewayState* self, uint32_t session) noexcept nogil:
    return self.engine.sessions[session].flags & (RIGHT_OPERATE | RIGHT_RISK | RIGHT_DROP_COPY)


cdef void answer_party_list(GatewayState* self, uint32_t index, uint64_t first) noexcept nogil:
    cdef Connection* connection = &self.table.connections[index]
    cdef Party party
    cdef uint64_t place = first
    cdef uint64_t end = <uint64_t> self.engine.participants_count + self.engine.sessions_count
    cdef uint32_t count = 0
    while place < end and count < DEFINITIONS_MAX and not connection.lost:
        if connection.room >= sizeof(Party) or make_room(self, index, sizeof(Party)):
            define_party(self.engine, <uint32_t> place, &party)
            memcpy(connection.end, &party, sizeof(Party))
            connection.end += sizeof(Party)
            connection.room -= sizeof(Party)
        place += 1
        count += 1
