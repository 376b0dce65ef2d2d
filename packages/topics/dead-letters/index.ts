/** Dead letters: counted by cause, looked at, and sent back to the topics that they came from. */
export { countLetters, type LetterCount } from './counts.ts'
export { eachLetter, type Holding, wasRedriven } from './letters.ts'
export { newestLetters, type SeenHeaders, type ShownLetter } from './newest.ts'
export { type LeftLetters, type Redriven, redrive } from './redrive.ts'
export { type Select, type Selection, selectorOf } from './selection.ts'
