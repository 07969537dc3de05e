import { expect, test } from 'vitest'
import { pairsFor } from './moveAddresses.ts'

const to = 'http://dev-shop.localhost:7071'

test('pairsFor() moves each address that a site has, and the folder of WordPress stays', () => {
  expect(pairsFor(['https://a.example/', 'https://a.example', null], 'https://a.example', to)).toEqual([
    { from: 'https://a.example', to },
  ])
  expect(pairsFor(['https://a.example', 'https://a.example/wp'], 'https://a.example', to)).toEqual([
    { from: 'https://a.example', to },
    { from: 'https://a.example/wp', to: `${to}/wp` },
  ])
  expect(pairsFor(['https://b.example'], null, to)).toEqual([{ from: 'https://b.example', to }])
})

test('pairsFor() leaves what is there already', () => {
  expect(pairsFor([to, `${to}/`, null, ''], to, to)).toEqual([])
})
