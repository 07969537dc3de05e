// `CAIRN_SEED` chooses what properties draw, too. Without it fast-check takes another seed each time, and prints it when it fails.
import * as fc from 'fast-check'

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env['CAIRN_SEED']) | 0 })
