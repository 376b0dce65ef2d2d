/**
 * Serves archives to clients that have a location from GetFunction, the logs of functions, and what confines
 * them.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Account, type AwsContext, AwsError, type AwsOperations, HIJACKED } from '@weir/aws'
import { runtimesOf } from '../lambda-runtimes.ts'
import type { FunctionService } from '../open.ts'
import type { DeployingOptions } from './deploying.ts'
import { existingFunction, namedFunction, notFound } from './names.ts'

/** Actions of access keys. */
export const OWN_ACTIONS = {
  GetRuntimes: 'weir:GetRuntimes',
  GetFunctionLogs: 'weir:GetFunctionLogs',
  GetFunctionCode: 'lambda:GetFunction',
}

/** The most archives that are sent at once; each takes some megabytes meanwhile. */
const MAX_DOWNLOADS = 4
/** A client that takes longer gets the rest with a new request. */
const MAX_DOWNLOAD_MS = 300_000

export function ownOperations(
  { functions, archives }: FunctionService,
  { allowed, sentence }: DeployingOptions['runtimes'],
  account: Account,
): AwsOperations {
  let downloads = 0
  return {
    GetRuntimes(_input: object, context: AwsContext) {
      context.authorize('*')
      return { Runtimes: runtimesOf(allowed), Confinement: sentence }
    },
    GetFunctionLogs({ name }: { readonly name: string }, context: AwsContext) {
      const named = namedFunction(name, account)
      context.authorize(named.arn)
      existingFunction(functions, named)
      return {
        lines: Buffer.from(
          functions
            .logs(name)
            .map((line) => `${line}\n`)
            .join(''),
        ),
      }
    },
    async GetFunctionCode(
      { name, archive: id }: { readonly name: string; readonly archive: string },
      context: AwsContext,
    ) {
      const named = namedFunction(name, account)
      context.authorize(named.arn)
      const { latest, versions } = existingFunction(functions, named)
      const archive = [latest, ...versions.values()].find((version) => version.archive?.id === id)?.archive
      if (archive === undefined) throw notFound(`The code of ${name} has changed; call GetFunction again.`)
      if (downloads >= MAX_DOWNLOADS)
        throw new AwsError(
          'TooManyRequestsException',
          'Too many archives are being sent; send the request again.',
          429,
        )
      downloads++
      try {
        const { raw } = context.reply
        raw.writeHead(200, {
          ...context.headers,
          'content-type': 'application/zip',
          'content-length': archive.bytes,
          'content-disposition': `attachment; filename="${name}.zip"`,
        })
        await pipeline(Readable.from(archives.read(archive)), raw, {
          signal: AbortSignal.timeout(MAX_DOWNLOAD_MS),
        })
      } catch (error) {
        // The client can tell from the length that the archive is incomplete.
        context.request.log.warn(
          { err: error, function: name, archive: id },
          'the code of a function was not sent completely',
        )
        context.reply.raw.destroy()
      } finally {
        downloads--
      }
      return HIJACKED
    },
  }
}
