/**
 * A TCP proxy in front of one broker that delays chosen EndTxn requests: the client's connection breaks as if
 * its answer were lost, and the broker gets the request some time later.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

const END_TXN = 26
const LENGTH = 4

export interface DelayingProxy {
  /** `host:port` to give to clients. */
  readonly address: string
  /** EndTxn requests delayed so far. */
  readonly delayed: number
  stop(): Promise<void>
}

/** @param every one in this many EndTxn requests is delayed */
export async function delayingProxy(broker: string, every: number, delayMs: number): Promise<DelayingProxy> {
  const [host, port] = [
    broker.slice(0, broker.lastIndexOf(':')),
    Number(broker.slice(broker.lastIndexOf(':') + 1)),
  ]
  const sockets = new Set<Socket>()
  let seen = 0
  let delayed = 0
  const server: Server = createServer((client) => {
    const upstream = connect(port, host)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    }
    let held = false
    upstream.on('close', () => client.destroy())
    client.on('close', () => held || upstream.destroy())
    const ownPort = (server.address() as AddressInfo).port
    upstream.on(
      'data',
      frames((response) => client.write(readdressed(response, host, port, ownPort))),
    )
    client.on(
      'data',
      frames((request) => {
        if (held) return
        if (request.readInt16BE(LENGTH) !== END_TXN || ++seen % every !== 0)
          return void upstream.write(request)
        delayed++
        held = true
        client.destroy()
        setTimeout(() => upstream.end(request), delayMs)
      }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get delayed() {
      return delayed
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Cuts a stream into the protocol's frames: a length of 32 bits, followed by that many bytes. */
function frames(each: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= LENGTH && rest.length >= LENGTH + rest.readInt32BE(0)) {
      const end = LENGTH + rest.readInt32BE(0)
      each(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
  }
}

/**
 * Replaces the broker's port in a response (metadata, a coordinator), so that clients come back through the
 * proxy. The port follows the host as 32 bits.
 */
function readdressed(response: Buffer, host: string, port: number, ownPort: number): Buffer {
  const address = Buffer.alloc(host.length + 4)
  address.write(host)
  address.writeInt32BE(port, host.length)
  for (let at = response.indexOf(address); at >= 0; at = response.indexOf(address, at))
    response.writeInt32BE(ownPort, at + host.length)
  return response
}
