/** Saved objects in the form that the import API of both programs takes: one JSON object per line. */
import { taxiIndex } from '../index-definition.ts'
import type { KibanaMap } from './kibana-map.ts'
import type { Visualization } from './visualizations.ts'

export interface SavedObject {
  readonly type: 'index-pattern' | 'visualization' | 'map' | 'dashboard'
  readonly id: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly references: readonly {
    readonly name: string
    readonly type: SavedObject['type']
    readonly id: string
  }[]
  /**
   * The format of the attributes, named by the version that introduced it: the programs upgrade older formats
   * on import.
   */
  readonly migrationVersion: Readonly<Record<string, string>>
}

/** A panel's place on the dashboard's grid of 48 columns. */
export interface Place {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

const PATTERN = 'weir-taxi-enriched'
const NO_QUERY = { query: { query: '', language: 'kuery' }, filter: [] }

export const indexPattern: SavedObject = {
  type: 'index-pattern',
  id: PATTERN,
  references: [],
  migrationVersion: { 'index-pattern': '7.6.0' },
  attributes: { title: `${taxiIndex.prefix}-*`, timeFieldName: taxiIndex.eventTime },
}

export function visualization({ id, title, description, ...state }: Visualization): SavedObject {
  const index = 'kibanaSavedObjectMeta.searchSourceJSON.index'
  return {
    type: 'visualization',
    id,
    migrationVersion: { visualization: '7.10.0' },
    references: [{ name: index, type: 'index-pattern', id: PATTERN }],
    attributes: {
      title,
      description,
      version: 1,
      uiStateJSON: '{}',
      visState: JSON.stringify({ title, ...state }),
      kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify({ ...NO_QUERY, indexRefName: index }) },
    },
  }
}

export function map({ id, title, description, layers }: KibanaMap): SavedObject {
  const nameOf = (number: number) => `layer_${number}_source_index_pattern`
  return {
    type: 'map',
    id,
    migrationVersion: { map: '8.4.0' },
    references: layers.map((_, number) => ({ name: nameOf(number), type: 'index-pattern', id: PATTERN })),
    attributes: {
      title,
      description,
      uiStateJSON: JSON.stringify({ isLayerTOCOpen: true, openTOCDetails: [] }),
      layerListJSON: JSON.stringify(
        layers.map((layer, number) => ({
          ...layer,
          sourceDescriptor: { ...layer.sourceDescriptor, indexPatternRefName: nameOf(number) },
        })),
      ),
      mapStateJSON: JSON.stringify({
        zoom: 11,
        center: { lon: -73.975, lat: 40.755 },
        timeFilters: { from: 'now-30m', to: 'now' },
        refreshConfig: { isPaused: false, interval: 5000 },
        ...NO_QUERY,
        filters: [],
        settings: {
          autoFitToDataBounds: true,
          backgroundColor: '#f4f6f8',
          initialLocation: 'AUTO_FIT_TO_BOUNDS',
        },
      }),
    },
  }
}

/** Builds a dashboard of the last half hour, refreshed every five seconds. */
export function dashboard(panels: readonly (readonly [SavedObject, Place])[], version: string): SavedObject {
  const nameOf = (number: number) => `panel_${number}`
  return {
    type: 'dashboard',
    id: 'weir-taxi',
    migrationVersion: { dashboard: '7.9.3' },
    references: panels.map(([{ type, id }], number) => ({ name: nameOf(number), type, id })),
    attributes: {
      title: 'Taxi telemetry',
      description: 'Taxis, trips, speeds and demand of the last half hour.',
      hits: 0,
      version: 1,
      panelsJSON: JSON.stringify(
        panels.map(([, place], number) => ({
          version,
          panelIndex: String(number + 1),
          gridData: { ...place, i: String(number + 1) },
          embeddableConfig: {},
          panelRefName: nameOf(number),
        })),
      ),
      optionsJSON: JSON.stringify({ useMargins: true, hidePanelTitles: false }),
      timeRestore: true,
      timeFrom: 'now-30m',
      timeTo: 'now',
      refreshInterval: { pause: false, value: 5000 },
      kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify(NO_QUERY) },
    },
  }
}
