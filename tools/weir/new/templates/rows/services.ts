import type { ServiceDefinition } from '@weir/contracts/services.ts'

/** The row for contracts/services.ts. */
export const services: Record<string, ServiceDefinition> = {
  'example-thing': {
    port: 8089,
    variable: 'EXAMPLE_THING',
    needs: ['kafka', 'registry'],
    uses: [],
    apis: [],
    doc: 'Example thing',
  },
}
