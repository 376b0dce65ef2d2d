/** E-mails as messages of the inbox. */
import type { ParsedMail } from 'mailparser'
import type { SMTPServerSession } from 'smtp-server'
import type { NewMessage } from './messages.ts'

const ONLY_HTML = 'This e-mail has no plain text. The inbox does not show HTML.'

export function messageOf(
  { from, subject = '', text, html }: ParsedMail,
  { mailFrom, rcptTo }: SMTPServerSession['envelope'],
): NewMessage {
  return {
    how: 'e-mail',
    from: from?.text || (mailFrom ? mailFrom.address : ''),
    to: rcptTo.map(({ address }) => address),
    subject,
    text: text || (html ? ONLY_HTML : ''),
  }
}
