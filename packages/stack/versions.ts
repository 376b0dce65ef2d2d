/**
 * The versions of the servers, in one place: the native stack and the test containers start the same ones.
 */
export const versions = {
  kafka: '4.3.1',
  log4j: '2.25.1',
  apicurio: '3.0.9',
  embeddedRedis: '1.4.4',
  opensearch: '2.19.6',
  elasticsearch: '8.19.21',
  kinesisClient: '3.5.1',
  glueSerializer: '1.1.27',
  dynamodbLocal: '3.1.0',
} as const
