/**
 * The solution's Lambda function: signups in, offers out. For all signups of the batch, it finds the nearest
 * service area in one round trip to Redis. Nothing here knows of Weir: this is the handler that ran on AWS.
 */
import { Redis } from 'ioredis'

interface KinesisEvent {
  readonly Records: readonly {
    readonly eventID: string
    readonly kinesis: { readonly data: string; readonly partitionKey: string }
  }[]
}

interface Signup {
  readonly signupId: string
  readonly userId: string
  readonly position: { readonly lat: number; readonly lon: number }
  /** Ms since the epoch. */
  readonly signedUpAt: number
}

interface Area {
  readonly name: string
  readonly radiusKm: number
  readonly options: readonly object[]
}

/** The largest radius of an area (km). */
const MAX_RADIUS = 100
/** For each position: the nearest area, its entry and its distance, or nothing. */
const NEAREST = `
local answers = {}
for i = 1, #ARGV - 1, 2 do
  local found = redis.call('GEOSEARCH', KEYS[1], 'FROMLONLAT', ARGV[i + 1], ARGV[i], 'BYRADIUS', ARGV[#ARGV], 'km', 'ASC', 'COUNT', 1, 'WITHDIST')
  if found[1] then answers[#answers + 1] = { found[1][1], found[1][2], redis.call('HGET', KEYS[2], found[1][1]) or '' } else answers[#answers + 1] = {} end
end
return answers`

const redis = new Redis(process.env.REDIS_URL!, { commandTimeout: 2000, maxRetriesPerRequest: 1 })
redis.on('error', (error) => console.error(`Redis: ${error.message}`))

export const handler = async (event: KinesisEvent): Promise<{ records: object[] }> => {
  const signups = event.Records.flatMap(({ eventID, kinesis }) => parse(kinesis.data, eventID))
  if (signups.length === 0) return { records: [] }
  const positions = signups.flatMap(({ position }) => [position.lat, position.lon])
  const answers = (await redis.eval(
    NEAREST,
    2,
    process.env.AREAS_GEO!,
    process.env.AREAS!,
    ...positions,
    MAX_RADIUS,
  )) as [string, string, string][]
  return { records: signups.map((signup, i) => offer(signup, answers[i])) }
}

function offer(
  { signupId, userId, position, signedUpAt }: Signup,
  [id, distance, json]: [string?, string?, string?],
): object {
  const area = json ? (JSON.parse(json) as Area) : undefined
  const served = area !== undefined && Number(distance) <= area.radiusKm
  return {
    key: userId,
    headers: { 'weir-id': `${signupId}-offers`, 'reply-to': signupId },
    value: {
      userId,
      signupId,
      position: { lat: position.lat, lon: position.lon },
      signedUpAt,
      offeredAt: Date.now(),
      area: served ? id : null,
      areaName: served ? area.name : null,
      distanceKm: served ? Number(distance) : null,
      options: served ? area.options : [],
    },
  }
}

/** Leaves out a signup that is not valid, and logs it: a retry would not make it valid. */
function parse(data: string, eventID: string): Signup[] {
  try {
    const signup = JSON.parse(Buffer.from(data, 'base64').toString()) as Signup
    const {
      signupId,
      userId,
      signedUpAt,
      position: { lat, lon },
    } = signup
    if (
      typeof signupId === 'string' &&
      typeof userId === 'string' &&
      Number.isSafeInteger(signedUpAt) &&
      Math.abs(lat) <= 85 &&
      Math.abs(lon) <= 180
    )
      return [signup]
    console.error(`${eventID} is not a signup`)
  } catch (error) {
    console.error(`${eventID} is not a signup: ${(error as Error).message}`)
  }
  return []
}
