/* oxlint-disable import/default -- what is imported is a file's path, not a module */
import { resolve } from 'node:path'
import swaggerScript from 'swagger-ui-dist/swagger-ui-bundle.js' with { type: 'file' }
import swaggerStyle from 'swagger-ui-dist/swagger-ui.css' with { type: 'file' }
import type { Asset } from '../http/assets.ts'
import accessScript from './browser/access.js' with { type: 'file' }
import baseStyle from './browser/base.css' with { type: 'file' }
import examplesScript from './browser/examples.js' with { type: 'file' }
import homeStyle from './browser/home.css' with { type: 'file' }
import homeScript from './browser/home.js' with { type: 'file' }
import icon from './browser/icon.svg' with { type: 'file' }
import keysScript from './browser/keys.js' with { type: 'file' }
import problemsStyle from './browser/problems.css' with { type: 'file' }
import pageStyle from './browser/swagger.css' with { type: 'file' }
import pageScript from './browser/swagger.js' with { type: 'file' }
import tryOutScript from './browser/tryout.js' with { type: 'file' }

const script = 'text/javascript; charset=utf-8'
const style = 'text/css; charset=utf-8'

/** Every file of the pages, from a checkout, beside a bundle, or inside a compiled binary. */
export const pageAssets: readonly Asset[] = [
  asset('swagger-ui-bundle.js', script, swaggerScript),
  asset('swagger-ui.css', style, swaggerStyle),
  asset('access.js', script, accessScript),
  asset('base.css', style, baseStyle),
  asset('examples.js', script, examplesScript),
  asset('home.css', style, homeStyle),
  asset('home.js', script, homeScript),
  asset('icon.svg', 'image/svg+xml', icon),
  asset('keys.js', script, keysScript),
  asset('problems.css', style, problemsStyle),
  asset('swagger.css', style, pageStyle),
  asset('swagger.js', script, pageScript),
  asset('tryout.js', script, tryOutScript),
]

/** @param path as the import gave it: absolute, or beside the bundle */
function asset(name: string, mediaType: string, path: string): Asset {
  return { name, mediaType, read: () => Bun.file(resolve(import.meta.dirname, path)).bytes() }
}
