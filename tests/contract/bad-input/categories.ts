import type { Category } from './corpus.ts'
import { cursorsAndLimits } from './cursors-and-limits.ts'
import { encodings } from './encodings.ts'
import { fieldValues } from './field-values.ts'
import { filters } from './filters.ts'
import { headers } from './headers.ts'
import { ids } from './ids.ts'
import { jsonShapes } from './json-shapes.ts'
import { methods } from './methods.ts'
import { rawSockets } from './raw-sockets.ts'
import { tokensAndKeys } from './tokens-and-keys.ts'

export const categories: Readonly<Record<string, Category>> = {
  methods,
  headers,
  encodings,
  'JSON shapes': jsonShapes,
  'field values': fieldValues,
  ids,
  'cursors and limits': cursorsAndLimits,
  'tokens and keys': tokensAndKeys,
  filters,
  'raw sockets': rawSockets,
}
