/**
 * Resolves to a sentence if a request of one of Weir's APIs is refused, else to null.
 *
 * @param request the promise of the response
 * @param unanswered the sentence to resolve to if there is no response
 */
export async function refusalOf(request, unanswered) {
  try {
    const response = await request
    return response.ok ? null : (await response.json()).error.message
  } catch {
    return unanswered
  }
}
