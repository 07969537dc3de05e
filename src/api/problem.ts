import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { Failure } from '../base/failure.ts'
import { type ErrorCode, errors } from '../contract/errors.ts'
import type { Problem } from '../contract/schemas.ts'

export const problemType = 'application/problem+json'

/** Answers any error as a problem document. What is no `Failure` is a mistake of ours: it goes to the log, not to the client. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const failure = error instanceof Failure ? error : (clientFailure(error) ?? internalFailure(error, request))
  const status = statusOf(error, failure)
  if (status >= 500)
    request.log.error({ code: failure.code, err: failure.cause ?? failure, route: request.routeOptions.url }, failure.message)
  request.outcome = failure.code
  return sendProblem(reply, failure, status)
}

export function sendProblem(reply: FastifyReply, failure: Failure, status: number = failure.status): FastifyReply {
  if (status === 401) void reply.header('www-authenticate', 'Bearer realm="cairn"')
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type(problemType)
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(problemOf(failure, status))
}

export function problemOf(failure: Failure, status: number = failure.status): Problem {
  return {
    type: `urn:cairn:error:${failure.code}`,
    title: errors[failure.code].means,
    status,
    code: failure.code,
    detail: failure.message,
    hint: failure.hint ?? null,
    ...(failure.details === undefined ? {} : { details: failure.details }),
  }
}

/** Fastify's own refusals: a body that is no JSON, a field of the wrong shape, too many requests. */
function clientFailure(error: unknown): Failure | null {
  const { statusCode, validation, validationContext, message } = error as Partial<FastifyError>
  if (validation !== undefined) {
    const [first] = validation
    const field = first?.instancePath.replace(/^\//, '').replaceAll('/', '.') ?? ''
    const named = field === '' ? (validationContext ?? 'request') : `"${field}"`
    const said = first?.message ?? 'has the wrong shape'
    return new Failure('INPUT_INVALID', `Cannot read the ${field === '' ? named : `field ${named}`}: it ${said}`, {
      hint: 'GET /v1/openapi.json describes every request',
    })
  }
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) return null
  const code: ErrorCode = statusCode === 429 ? 'TOO_MANY_REQUESTS' : 'INPUT_INVALID'
  return new Failure(code, `Cannot answer the request: ${lowerFirst(message ?? STATUS_CODES[statusCode] ?? 'refused')}`)
}

function internalFailure(error: unknown, request: FastifyRequest): Failure {
  return new Failure('INTERNAL', 'Cannot answer the request: this is a mistake in Cairn', {
    hint: `Please report it with the log of the server (request ${request.id})`,
    cause: error,
  })
}

/** A refusal by Fastify keeps its own status (413, 415 ...). */
function statusOf(error: unknown, failure: Failure): number {
  if (error instanceof Failure || failure.code === 'INTERNAL') return failure.status
  return (error as Partial<FastifyError>).statusCode ?? failure.status
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
