/**
 * Sinks into search indices, with the default engine: bulk.it.test.ts and the suite of the engines cover their
 * differences.
 */
import { sinkSuite } from '@weir/sinks/conformance/suite.ts'
import { openIndicesUnderTest } from '../testing/indices.ts'

sinkSuite('search indices', () => openIndicesUnderTest('opensearch'))
