import { expect, test } from 'vitest'
import { registryAddress } from './registry-address.ts'

test('an address without a user stays as it is', () => {
  expect(registryAddress('http://localhost:8181/apis/ccompat/v7')).toEqual({
    url: 'http://localhost:8181/apis/ccompat/v7',
    auth: undefined,
    headers: {},
  })
})

test('user and password are moved from the address into the header, decoded', () => {
  const { url, auth, headers } = registryAddress('https://weir:p%40ss%3A%25@registry:8443/apis/')
  expect(url).toBe('https://registry:8443/apis')
  expect(auth).toEqual({ username: 'weir', password: 'p@ss:%' })
  expect(Buffer.from(headers.authorization.split(' ')[1], 'base64').toString()).toBe('weir:p@ss:%')
  expect(registryAddress('http://u:50%@h').auth?.password).toBe('50%')
})
