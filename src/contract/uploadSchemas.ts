/** What crosses HTTP about uploads, beside the tus protocol. */
import { type Static, Type } from 'typebox'

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

export const UploadView = Type.Object({
  id: Type.String(),
  fileName: Type.String(),
  sizeBytes: nullable(Type.Integer({ minimum: 0 })),
  /** Bytes that are safe on the server's disk */
  offsetBytes: Type.Integer({ minimum: 0 }),
  /** receiving: not all there; received: all there, SHA-256 not told yet; ready: checked, may be used */
  state: Type.Enum(['receiving', 'received', 'ready']),
  sha256: nullable(Type.String()),
  createdAt: Type.String({ format: 'date-time' }),
  expiresAt: Type.String({ format: 'date-time' }),
})
export type UploadView = Static<typeof UploadView>

export const UploadFinishInput = Type.Object(
  { sha256: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F]{64}$' })) },
  { additionalProperties: false },
)
export type UploadFinishInput = Static<typeof UploadFinishInput>
