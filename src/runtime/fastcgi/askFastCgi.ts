import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure, isErrno } from '../../base/failure.ts'
import { writeBytes } from '../../base/writeBytes.ts'
import type { PhpAnswer, PhpRequest } from '../types.ts'
import { headReader } from './head.ts'
import { encodeBody, encodeStart, recordReader, recordType } from './records.ts'

const errorsMax = 64 << 10
const connectPatienceMs = 10_000

/**
 * Asks PHP-FPM once and resolves with the head of its answer; the body follows as PHP makes it. Nothing is held in memory but
 * what is on its way.
 *
 * @throws {Failure} PHP_FAILED, retry `later`: nobody answers at the socket, or what came was no answer
 */
export async function askFastCgi(socketPath: string, request: PhpRequest): Promise<PhpAnswer> {
  request.signal?.throwIfAborted()
  const socket = await connectPatiently(socketPath, request.signal)
  return new Promise((resolve, reject) => converse(socket, request, resolve, reject))
}

/** All workers busy and a full queue is no error yet: the kernel says EAGAIN. */
async function connectPatiently(path: string, signal?: AbortSignal): Promise<Socket> {
  for (const deadline = performance.now() + connectPatienceMs; ; await sleep(30)) {
    signal?.throwIfAborted()
    const socket = connect(path)
    try {
      await once(socket, 'connect')
      return socket
    } catch (cause) {
      socket.destroy()
      if (!isErrno(cause, 'EAGAIN') || performance.now() > deadline) throw failed('it does not answer at its socket', cause)
    }
  }
}

function converse(
  socket: Socket,
  { params, body: input, signal }: PhpRequest,
  resolve: (answer: PhpAnswer) => void,
  reject: (error: unknown) => void,
): void {
  const readRecords = recordReader()
  const readHead = headReader()
  let hasHead = false
  let isOver = false
  let errors = ''

  const output = new Readable({
    read: () => void socket.resume(),
    destroy(error, done) {
      socket.destroy()
      done(error)
    },
  })
  const fail = (error: unknown): void => {
    if (isOver) return
    isOver = true
    socket.destroy()
    input?.destroy()
    const failure = error instanceof Error ? error : failed(String(error))
    if (hasHead) output.destroy(failure)
    else reject(failure)
  }
  const pass = (bytes: Buffer): void => {
    if (bytes.length > 0 && !output.push(bytes)) socket.pause()
  }
  const take = (bytes: Buffer): void => {
    if (hasHead) return pass(bytes)
    const found = readHead(bytes)
    if (found === null) return
    hasHead = true
    resolve({ ...found.head, body: output, errors: () => errors })
    pass(found.rest)
  }
  const finish = (content: Buffer): void => {
    if (content.length < 5 || content[4] !== 0) return fail(failed('it refused the request'))
    if (!hasHead) return fail(failed(`it ended without an answer${errors === '' ? '' : `, saying "${firstLine(errors)}"`}`))
    isOver = true
    output.push(null)
    socket.destroy()
    input?.destroy()
  }

  socket.on('data', (bytes: Buffer) => {
    try {
      for (const { type, content } of readRecords(bytes)) {
        if (isOver) return
        if (type === recordType.end) finish(content)
        else if (type === recordType.stderr) errors = (errors + content.toString('utf8')).slice(0, errorsMax)
        else take(content)
      }
    } catch (cause) {
      fail(failed(`it sent ${cause instanceof Error ? cause.message : 'nonsense'}`, cause))
    }
  })
  output.on('error', () => {}) // PHP may break off before anybody listens
  socket.on('error', (cause) => fail(failed('the connection broke', cause)))
  const giveUp = (): void => fail(signal?.reason)
  signal?.addEventListener('abort', giveUp, { once: true })
  socket.on('close', () => {
    signal?.removeEventListener('abort', giveUp)
    fail(failed('it broke off its answer'))
  })
  send(socket, params, input ?? null).catch((cause: unknown) => {
    // a body that broke off must not reach PHP as a whole one
    fail(failed('the body of the request broke off', cause))
  })
}

async function send(socket: Socket, params: Record<string, string>, body: Readable | null): Promise<void> {
  socket.write(encodeStart(params))
  if (body !== null) {
    for await (const piece of body as AsyncIterable<Buffer>) {
      for (const record of encodeBody(piece)) if (!(await writeBytes(socket, record))) return
    }
  }
  if (!socket.destroyed) for (const record of encodeBody(Buffer.alloc(0))) socket.write(record)
}

function failed(found: string, cause?: unknown): Failure {
  return new Failure('PHP_FAILED', `Cannot get an answer from PHP: ${found}`, {
    retry: 'later',
    ...(cause === undefined ? {} : { cause }),
  })
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? ''
}
