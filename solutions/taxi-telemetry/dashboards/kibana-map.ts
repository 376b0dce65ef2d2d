/**
 * Kibana's map: demand as heat, and over it each taxi's latest report. It has no base map, which Kibana would
 * load from the internet.
 */

export interface KibanaMap {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly layers: readonly Layer[]
}

export interface Layer {
  readonly id: string
  readonly type: 'HEATMAP' | 'GEOJSON_VECTOR'
  readonly sourceDescriptor: Readonly<Record<string, unknown>>
  readonly [more: string]: unknown
}

const layer = (id: string, label: string, more: Omit<Layer, 'id'>): Layer =>
  ({
    id,
    label,
    visible: true,
    alpha: 0.8,
    minZoom: 0,
    maxZoom: 24,
    includeInFitToBounds: true,
    joins: [],
    ...more,
  }) as unknown as Layer

const source = {
  applyGlobalQuery: true,
  applyGlobalTime: true,
  applyForceRefresh: true,
  geoField: 'position',
}

const heat = layer('demand', 'Demand', {
  type: 'HEATMAP',
  sourceDescriptor: {
    ...source,
    type: 'ES_GEO_GRID',
    id: 'demand-source',
    requestType: 'heatmap',
    resolution: 'MOST_FINE',
    metrics: [{ type: 'count' }],
  },
  query: { query: 'tripId : *', language: 'kuery' },
  style: { type: 'HEATMAP', colorRampName: 'Greens' },
})

const taxis = layer('taxis', 'Taxis', {
  type: 'GEOJSON_VECTOR',
  sourceDescriptor: {
    ...source,
    type: 'ES_SEARCH',
    id: 'taxis-source',
    scalingType: 'TOP_HITS',
    topHitsSplitField: 'deviceId',
    topHitsSize: 1,
    topHitsGroupByTimeseries: false,
    sortField: 'eventTime',
    sortOrder: 'desc',
    filterByMapBounds: true,
    tooltipProperties: ['deviceId', 'state', 'speed', 'zoneName', 'eventTime'],
  },
  style: {
    type: 'VECTOR',
    isTimeAware: true,
    properties: {
      icon: { type: 'STATIC', options: { value: 'marker' } },
      fillColor: {
        type: 'DYNAMIC',
        options: {
          field: { name: 'state', origin: 'source' },
          type: 'CATEGORICAL',
          colorCategory: 'palette_0',
          fieldMetaOptions: { isEnabled: true, sigma: 3 },
        },
      },
      lineColor: { type: 'STATIC', options: { color: '#ffffff' } },
      lineWidth: { type: 'STATIC', options: { size: 1 } },
      iconSize: { type: 'STATIC', options: { size: 6 } },
    },
  },
})

export const map: KibanaMap = {
  id: 'weir-taxi-map',
  title: 'Where taxis are and trips were',
  description: 'The latest report of each taxi over the demand.',
  layers: [heat, taxis],
}
