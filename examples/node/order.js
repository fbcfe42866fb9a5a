// One order to a pricetime venue from Node: logon, the list of instruments, an order, its reports, logout.
//
//     npm install && node order.js tcp://127.0.0.1:7001 alice buy ACME 10 100.25
//
// Every message is whole 64-byte lines, little-endian: docs/records.md draws them, docs/protocol.md says how they go.
'use strict'
const { Dealer } = require('zeromq')

const LINE = 64, ONE_LINE = 0x11 // version 1, one line
const COMMAND = { order: 1, logon: 33, logout: 34, testRequest: 49, securityList: 50 }
const EVENT = { 1: 'New', 2: 'Trade', 3: 'Canceled', 5: 'Expired', 6: 'Rejected', 32: 'BusinessMessageReject', 34: 'Logon', 35: 'Logout', 49: 'Heartbeat' }
const SIDE = { buy: 1, sell: 2, 'sell-short': 3 }, LIMIT = 2 << 2, HAS_PRICE = 1 << 10, HAS_QUANTITY = 1 << 11, NAME_LINE = 129
const text = (bytes) => bytes.toString().replace(/\0+$/, '')
const units = (decimal, scale) => { // '100.25' at scale 2 is 10025: never by way of a float
  const [whole, part = ''] = decimal.split('.')
  if (!/^\d+$/.test(whole) || !/^\d*$/.test(part) || part.length > scale) throw new Error(`${decimal}: expected a number with at most ${scale} decimals`)
  return BigInt(whole + part.padEnd(scale, '0'))
}

class Session {
  constructor (socket) { this.socket = socket; this.number = 0n; this.instruments = new Map() }

  async send (type, fill = () => {}, more = []) {
    const line = Buffer.alloc(LINE)
    line[4] = type
    line[5] = ONE_LINE + more.length
    line.writeBigUInt64LE(++this.number, 8) // the connection's message number: 1 for the Logon, without gaps
    fill(line)
    await this.socket.send(Buffer.concat([line, ...more]))
  }

  // The events of messages from the venue, until one is of the type that is waited for.
  async until (type, each = () => {}) {
    for await (const [message] of this.socket) {
      for (let at = 0, last = false; at < message.length; at += LINE * (message[at + 5] & 0xF)) {
        const line = message.subarray(at, at + LINE)
        if ((line[5] & 0xF) === 3) this.define(message.subarray(at, at + 3 * LINE))
        else { each(line); last = line[4] === type || line[4] === 32 }
        if (last && at + LINE * (line[5] & 0xF) >= message.length) return line
      }
    }
  }

  define (lines) { // a SECURITY_DEFINITION: its first line, a NAME line, an INSTRUMENT_TERMS line
    this.instruments.set(text(lines.subarray(LINE + 8, LINE + 56)), { id: lines.readUInt32LE(28), priceScale: lines[2 * LINE + 8], quantityScale: lines[2 * LINE + 9] })
  }

  async logon (session) {
    const name = Buffer.alloc(LINE)
    name[4] = NAME_LINE
    name.write(session, 8, 48)
    await this.send(COMMAND.logon, undefined, [name])
    const answer = await this.until(34)
    if (answer[4] !== 34) throw new Error(`session ${session} cannot log on: reason ${answer[7]}`)
    this.mark = answer.readBigInt64LE(24) // the highest ClOrdID that is journaled: the next one is above it
    await this.send(COMMAND.securityList)
    await this.send(COMMAND.testRequest, (line) => line.writeBigUInt64LE(1n, 56))
    await this.until(49) // the answer to a TestRequest: what was asked before it is answered
  }
}

async function main ([endpoint, name, side, symbol, quantity, price]) {
  const socket = new Dealer({ linger: 500, receiveTimeout: 5000 })
  socket.connect(endpoint)
  const session = new Session(socket)
  await session.logon(name)
  const instrument = session.instruments.get(symbol)
  if (!instrument || !SIDE[side] || !price) throw new Error('expected ENDPOINT SESSION buy|sell|sell-short SYMBOL QTY PRICE, of an instrument of that venue')
  await session.send(COMMAND.order, (line) => {
    line.writeUInt16LE(SIDE[side] | LIMIT | HAS_PRICE | HAS_QUANTITY, 6)
    line.writeUInt32LE(instrument.id, 28)
    line.writeBigInt64LE(session.mark + 1n, 32)
    line.writeBigInt64LE(units(price, instrument.priceScale), 40)
    line.writeBigInt64LE(units(quantity, instrument.quantityScale), 48)
  })
  await session.send(COMMAND.logout)
  await session.until(35, (line) => {
    if (line[4] === 35) return
    console.log(`${EVENT[line[4]] || line[4]} ClOrdID ${line.readBigInt64LE(24)} OrderID ${line.readBigUInt64LE(32)} LastPx ${line.readBigInt64LE(40)} LastQty ${line.readBigInt64LE(48)} LeavesQty ${line.readBigInt64LE(56)} reason ${line[7]}`)
  })
  socket.close()
}

main(process.argv.slice(2)).catch((error) => { console.error(`order.js: ${error.message}`); process.exit(1) })
