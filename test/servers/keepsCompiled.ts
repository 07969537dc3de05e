const shared = process.env['NODE_COMPILE_CACHE'] // see vitest.config.ts

/** For the environment of servers and commands: all of them keep what they have compiled in one place, and start from that. */
export const keepsCompiled: Record<string, string> = shared === undefined ? {} : { NODE_COMPILE_CACHE: shared }
