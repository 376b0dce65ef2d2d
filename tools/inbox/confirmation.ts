/** Links by which receivers confirm subscriptions of SNS. */

export interface Confirmation {
  readonly topicArn: string
  readonly url: string
}

const CONFIRM_TIMEOUT_MS = 10_000

/**
 * Returns the confirmation that a link asks for; undefined for every link that does not lead to the alerter, or does
 * anything else there.
 * @param alerterUrl begins the links of the alerter
 */
export function confirmationIn(link: string, alerterUrl: string): Confirmation | undefined {
  const url = URL.parse(link)
  const own = new URL(`${alerterUrl}/`)
  if (url?.origin !== own.origin || url.pathname !== own.pathname) return undefined
  const [action, topicArn, token] = ['Action', 'TopicArn', 'Token'].map((name) => url.searchParams.get(name))
  if (action !== 'ConfirmSubscription' || !topicArn || !token) return undefined
  const query = new URLSearchParams({ Action: action, TopicArn: topicArn, Token: token })
  return { topicArn, url: `${own.href}?${query}` }
}

/** Opens the link of a confirmation. Rejects with a sentence if the alerter does not confirm. */
export async function confirm({ url }: Confirmation): Promise<void> {
  const { origin } = new URL(url)
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(CONFIRM_TIMEOUT_MS),
  }).catch((error: Error) => {
    throw new Error(`The alerter at ${origin} does not answer (${error.message}).`, { cause: error })
  })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`The alerter at ${origin} answered ${response.status} to a confirmation.`)
}
