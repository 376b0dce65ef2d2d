/** What is normal for trucks, by the class of their cargo. */
import { number, object, type ShapedBy, text } from '@weir/topics/shape.ts'

const celsius = number({ min: -100, max: 1000 })

/** An entry of the reference table `cargo-classes`. */
export const cargoClass = object({
  name: text({ max: 100 }),
  /** The normal temperatures of the container, °C. */
  containerLow: celsius,
  containerHigh: celsius,
  /** The highest normal temperature of the engine, °C. */
  engineHigh: celsius,
})

export type CargoClass = ShapedBy<typeof cargoClass>

export const cargoClasses = {
  fuel: { name: 'Fuel', containerLow: -20, containerHigh: 38, engineHigh: 108 },
  chemicals: { name: 'Chemicals', containerLow: 5, containerHigh: 25, engineHigh: 108 },
  gas: { name: 'Liquefied gas', containerLow: -60, containerHigh: -35, engineHigh: 108 },
} as const satisfies Record<string, CargoClass>

export type CargoClassId = keyof typeof cargoClasses
