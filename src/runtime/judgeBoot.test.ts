import { expect, test } from 'vitest'
import { judgeBoot } from './judgeBoot.ts'

const signs = { frontPath: '/', loginPath: '/login', statuses: [200], installerPath: '/install', failures: ['unexpected error'] }
const page = { status: 200, location: null, title: null, text: '', errors: '' }

test('what a site says of its failure is told from the sign on, as text and not without end', () => {
  const text = `<html><p>The site met an unexpected error.<br><em>PDOException</em>:\n  no table "router"</p>${'x'.repeat(5000)}`
  const told = judgeBoot({ ...page, text }, signs, '/code') ?? ''
  expect(told).toMatch(/^it answers "unexpected error\. PDOException : no table "router" x+…"$/)
  expect(told.length).toBeLessThan(330)
  expect(judgeBoot(page, signs, '/code')).toBeNull()
})
