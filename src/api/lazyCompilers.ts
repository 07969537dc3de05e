import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'

// A server has more than a hundred schemas, and much of its life uses ten: each is compiled when it is first needed. Together
// they take a third of a second, a tenth of what a start takes.

export const lazyValidatorCompiler: typeof TypeBoxValidatorCompiler = (route) => {
  let check: ReturnType<typeof TypeBoxValidatorCompiler> | null = null
  return (value) => (check ??= TypeBoxValidatorCompiler(route))(value)
}

const serializers = SerializerSelector()

/** For `schemaController.compilersFactory`. What a schema does not name is left out of an answer, as without this. */
export const lazySerializers: typeof serializers = (shared, options) => {
  const compile = serializers(shared, options)
  return (route) => {
    let write: ReturnType<typeof compile> | null = null
    return (answer) => (write ??= compile(route))(answer)
  }
}
