/** SQL versions of rules, as awsIotSqlVersion names them. */
export const SQL_VERSIONS = ['2015-10-08', '2016-03-23', 'beta'] as const
/** AWS takes 2015-10-08 for a rule that names no version. beta is 2016-03-23 here. */
export type SqlVersion = (typeof SQL_VERSIONS)[number]

/** Whether a whole number may be a Decimal: 10.0 is one in this version, and the Int 10 in later ones. */
export const keepsDecimals = (version: SqlVersion): boolean => version === '2015-10-08'
