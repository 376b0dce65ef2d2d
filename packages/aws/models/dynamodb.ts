/** The models of DynamoDB and DynamoDB Streams, from botocore 1.44.8. */
import { readFileSync } from 'node:fs'
import type { Model } from '../model.ts'

const published = (file: string): Model =>
  JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as Model

export const dynamodbModel = published('dynamodb.json')
export const dynamodbStreamsModel = published('dynamodb-streams.json')
