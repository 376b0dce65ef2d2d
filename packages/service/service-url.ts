import type { ConfigReader } from '@weir/config'
import { type Service, services, urlVariable } from '@weir/contracts/services.ts'

/** Reads the URL at which other processes reach the service: by default, its port on this machine. */
export function serviceUrl(reader: ConfigReader, name: Service): string {
  const { doc, port } = services[name]
  return reader.httpUrl(urlVariable(name), `The URL of ${name}: ${doc}.`, `http://localhost:${port}`)
}
