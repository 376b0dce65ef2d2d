/**
 * A pattern or a filter that cannot be used. The message is one sentence for its author: where the problem
 * is, what it is, and what to write instead.
 */
export class PatternError extends Error {
  override readonly name = 'PatternError'
}

/**
 * A filter policy that SNS refuses. SNS answers with InvalidParameter (status 400) and this message after
 * "Invalid parameter: ", or after "Invalid parameter: Attributes Reason: " if the policy came with Subscribe.
 * FilterPolicyLimitExceeded (status 403) is about the number of policies, which the caller counts.
 */
export class FilterPolicyError extends Error {
  override readonly name = 'FilterPolicyError'
}

/** The filters take too long for a record. Whether they match is not known. */
export class TooMuchWork extends Error {
  override readonly name = 'TooMuchWork'
}
