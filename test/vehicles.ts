/**
 * Writes a file of vehicle positions like those that traffic experiments publish: track_id, lon, lat, speed,
 * time in seconds from 0; one row per second and vehicle.
 */
import { writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'

/** Returns the number of rows. */
export async function writeVehicles(path: string, vehicles: number, seconds: number): Promise<number> {
  const rows = ['track_id,lon,lat,speed,time']
  for (let second = 0; second < seconds; second++) {
    for (let vehicle = 1; vehicle <= vehicles; vehicle++) {
      const lon = 23.72 + vehicle * 0.0004 + second * 0.00002
      const lat = 37.97 + (vehicle % 10) * 0.001 + Math.sin(second / 30) * 0.001
      rows.push(
        `${vehicle},${lon.toFixed(6)},${lat.toFixed(6)},${((vehicle * 7 + second * 3) % 60).toFixed(1)},${second}.0`,
      )
    }
  }
  await writeFile(path, gzipSync(`${rows.join('\n')}\n`))
  return rows.length - 1
}
