/** The newest messages, in memory. */
import { randomUUID } from 'node:crypto'

export interface NewMessage {
  readonly how: 'e-mail' | 'HTTP'
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
}

export interface Message extends NewMessage {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
}

export const MAX_MESSAGES = 200
/** As large as a message may be when it arrives. */
const MAX_TEXT_CHARACTERS = 1 << 20
/** All texts together. Above it the oldest messages go, though they are fewer than MAX_MESSAGES. */
const MAX_TOTAL_CHARACTERS = 64 << 20
const MAX_SUBJECT_CHARACTERS = 1000
const MAX_NAME_CHARACTERS = 320

export class Messages {
  /** By id, oldest first. */
  readonly #messages = new Map<string, Message>()
  #characters = 0

  /** Keeps the message, shortened to what is bounded here. */
  add({ how, from, to, subject, text }: NewMessage): Message {
    const message = {
      id: randomUUID(),
      how,
      from: cut(from, MAX_NAME_CHARACTERS),
      to: to.map((one) => cut(one, MAX_NAME_CHARACTERS)),
      subject: cut(subject, MAX_SUBJECT_CHARACTERS),
      text: cut(text, MAX_TEXT_CHARACTERS),
      receivedAt: Date.now(),
    }
    this.#messages.set(message.id, message)
    this.#characters += message.text.length
    for (const oldest of this.#messages.values()) {
      if (this.#messages.size <= MAX_MESSAGES && this.#characters <= MAX_TOTAL_CHARACTERS) break
      this.#messages.delete(oldest.id)
      this.#characters -= oldest.text.length
    }
    return message
  }

  get(id: string): Message | undefined {
    return this.#messages.get(id)
  }

  /** Returns all messages, newest first. */
  list(): Message[] {
    return [...this.#messages.values()].reverse()
  }
}

/** Returns the first characters of the text, without half of a surrogate pair at its end. */
export function cut(text: string, maxCharacters: number): string {
  return text.slice(0, maxCharacters).toWellFormed()
}
