/** The list of messages as the page gets it, once a second. */
import { Live } from '@weir/pages/live.ts'
import type { Client, Resource } from '@weir/service'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { cut, MAX_MESSAGES, type Message, type Messages } from './messages.ts'

export interface LiveList {
  admit(request: FastifyRequest, reply: FastifyReply): FastifyReply
}

const MAX_VIEWERS = 16
const MAX_BEGINNING_CHARACTERS = 160
const MAX_SUBJECT_CHARACTERS = 200

/** Everybody who reaches the loopback address may look. */
const ANYBODY: Client = { name: undefined, mayRead: () => true, mayWrite: () => false }

export function openLive(messages: Messages): Resource<LiveList> {
  const snapshot = async (): Promise<Buffer> =>
    Buffer.from(
      JSON.stringify({
        time: Date.now(),
        data: { max: MAX_MESSAGES, messages: messages.list().map(rowOf) },
        trouble: null,
      }),
    )
  const live = new Live(snapshot, MAX_VIEWERS)
  return {
    value: { admit: (request, reply) => live.admit(request, reply, () => ANYBODY) },
    stopping: () => live.end(),
    stop: () => {},
  }
}

function rowOf({ text, subject, to, ...rest }: Message): object {
  return {
    ...rest,
    to: to.slice(0, 3),
    others: Math.max(0, to.length - 3),
    subject: cut(subject, MAX_SUBJECT_CHARACTERS),
    beginning: cut(text, MAX_BEGINNING_CHARACTERS),
  }
}
