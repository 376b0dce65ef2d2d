/** Functions that call other services of AWS, with the reason why a rule cannot have them. */
export const REFUSED: ReadonlyMap<string, string> = new Map([
  ['aws_lambda', 'calls a Lambda function, which is not supported; use a Lambda action instead'],
  ['get_dynamodb', 'reads a table of DynamoDB, which is not supported'],
  ['get_registry_data', 'reads the registry of things, which is not supported'],
  ['get_secret', 'reads AWS Secrets Manager, which is not supported'],
  ['get_thing_shadow', 'reads a device shadow, which is not supported'],
  ['machinelearning_predict', 'calls a model of Amazon Machine Learning, which is not supported'],
])
