import type { FastifyReply, FastifyRequest } from 'fastify'

/** Sent with requests of our own pages and with links that lead here, never with a form or a script of another address. */
const common = { path: '/', httpOnly: true, sameSite: 'lax' } as const
const deviceDays = 365

/**
 * The cookies of a browser. Where visitors come by https they are for https alone, and their names begin with `__Host-`: then no
 * neighbouring address can have set them.
 */
export interface Cookies {
  session(request: FastifyRequest): string | undefined
  device(request: FastifyRequest): string
  setSession(request: FastifyRequest, reply: FastifyReply, cookie: { cookie: string; expiresAt: Date }): void
  setDevice(request: FastifyRequest, reply: FastifyReply, device: string): void
  clearSession(request: FastifyRequest, reply: FastifyReply): void
}

export function makeCookies(publicUrl: () => string): Cookies {
  const isSecure = (request: FastifyRequest): boolean => request.protocol === 'https' || publicUrl().startsWith('https:')
  const name = (request: FastifyRequest, plain: string): string => (isSecure(request) ? `__Host-${plain}` : plain)
  const options = (request: FastifyRequest, expires: Date) => ({ ...common, secure: isSecure(request), expires })
  return {
    session: (request) => request.cookies[name(request, 'cairn_session')],
    device: (request) => request.cookies[name(request, 'cairn_device')] ?? '',
    setSession(request, reply, { cookie, expiresAt }) {
      void reply.setCookie(name(request, 'cairn_session'), cookie, options(request, expiresAt))
    },
    setDevice(request, reply, device) {
      const expires = new Date(Date.now() + deviceDays * 86_400_000)
      void reply.setCookie(name(request, 'cairn_device'), device, options(request, expires))
    },
    clearSession(request, reply) {
      void reply.clearCookie(name(request, 'cairn_session'), { ...common, secure: isSecure(request) })
    },
  }
}
