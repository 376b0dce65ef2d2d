/** `npm run train`: writes the history, prepares a virtual environment, and trains the model in ml/models/sneaker-demand/1. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pythonWith } from '@weir/stack/python.ts'
import { DEFAULT_SEED, DEFAULT_WEEKS, writeHistory } from './history.ts'

const here = import.meta.dirname

/** Rejects if training fails; the reason is on stderr. */
export async function train(history: string, folder: string): Promise<void> {
  const python = await pythonWith('ml', join(here, 'requirements.txt'))
  const child = spawn(python, [join(here, 'train.py'), history, folder], {
    stdio: 'inherit',
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`train.py ended with ${code}.`)
}

if (import.meta.main) {
  const history = join(here, 'history.csv.gz')
  await writeHistory(history, DEFAULT_WEEKS, DEFAULT_SEED)
  await train(history, join(here, 'models/sneaker-demand/1'))
}
