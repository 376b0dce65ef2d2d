/** What can go wrong with a simulated truck, switched on by an entry of the reference table `truck-faults`. */
import { object, oneOf, type ShapedBy } from '@weir/topics/shape.ts'

export const TRUCK_FAULTS = 'truck-faults'

/** An entry, by the id of the truck. */
export const truckFault = object({ fault: oneOf('fire', 'cooling', 'drift', 'stuck', 'silence') })

export type TruckFault = ShapedBy<typeof truckFault>['fault']
