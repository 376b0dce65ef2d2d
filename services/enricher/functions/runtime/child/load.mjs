/** Finds and loads the function's code. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { HandlerNotFound, ImportModuleError, MalformedHandlerName, UserCodeSyntaxError } from './errors.mjs'

const ENDINGS = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts']
const NOT_FOUND = ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND']
const SYNTAX = ['ERR_INVALID_TYPESCRIPT_SYNTAX', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX']

/**
 * Returns the handler that `folder/module.export` or `module.some.export` names. Throws one of Runtime's
 * errors, or what the code threw while it was being loaded.
 */
export async function loadHandler(directory, handler) {
  if (handler.includes('..')) {
    throw new MalformedHandlerName(
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    )
  }
  const name = basename(handler)
  const dot = name.indexOf('.')
  if (dot < 0) throw new MalformedHandlerName('Bad handler')
  const folder = handler.slice(0, handler.length - name.length)
  const module = name.slice(0, dot)
  const loaded = await load(directory, resolve(directory, `./${folder}`), module)
  const names = name.slice(dot + 1)
  // A CommonJS module is what it exports: its `default` is an export like its `handler`.
  const found = pick(loaded['module.exports'], names) ?? pick(loaded, names) ?? pick(loaded.default, names)
  if (!found) throw new HandlerNotFound(`${handler} is undefined or not exported`)
  if (typeof found !== 'function') throw new HandlerNotFound(`${handler} is not a function`)
  return found
}

async function load(directory, folder, module) {
  const path = join(folder, module)
  const file =
    ENDINGS.map((ending) => path + ending).find((candidate) => existsSync(candidate)) ??
    required(directory, [path, module], folder)
  if (file === undefined) throw new ImportModuleError(`Error: Cannot find module '${module}'`)
  try {
    return await import(pathToFileURL(file).href)
  } catch (error) {
    if (error instanceof SyntaxError || SYNTAX.includes(error?.code))
      throw new UserCodeSyntaxError(String(error), { cause: error })
    if (NOT_FOUND.includes(error?.code)) throw new ImportModuleError(String(error), { cause: error })
    throw error
  }
}

/**
 * Returns what `require` finds, which Lambda tries last: a file without an extension, the index of a folder,
 * or a package.
 */
function required(directory, names, folder) {
  const require = createRequire(join(directory, 'bootstrap.js'))
  for (const name of names) {
    try {
      const file = require.resolve(name, { paths: [directory, folder] })
      if (isAbsolute(file)) return file
    } catch {
      // It does not find this one either.
    }
  }
  return undefined
}

const pick = (object, names) => names.split('.').reduce((value, name) => value?.[name], object)
