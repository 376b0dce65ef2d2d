/**
 * The panels of the taxi dashboard, in the form that both Kibana and OpenSearch Dashboards store
 * ("aggregation based" visualizations).
 */

/** One aggregation of a visualization: a metric, or buckets for an axis, segments or places. */
export interface Aggregation {
  readonly id: string
  readonly enabled: true
  readonly type: 'count' | 'cardinality' | 'terms' | 'histogram' | 'date_histogram' | 'geohash_grid'
  readonly schema: 'metric' | 'segment' | 'group'
  readonly params: Readonly<Record<string, unknown>>
}

export interface Visualization {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly type: 'pie' | 'histogram' | 'line' | 'heatmap' | 'tile_map'
  readonly params: Readonly<Record<string, unknown>>
  readonly aggs: readonly Aggregation[]
}

const metric = (type: 'count' | 'cardinality', customLabel: string, field?: string): Aggregation => ({
  id: '1',
  enabled: true,
  type,
  schema: 'metric',
  params: { ...(field !== undefined && { field }), customLabel },
})

const buckets = (
  id: string,
  type: Aggregation['type'],
  schema: Aggregation['schema'],
  params: Aggregation['params'],
): Aggregation => ({ id, enabled: true, type, schema, params })

const perMinute = buckets('2', 'date_histogram', 'segment', {
  field: 'eventTime',
  useNormalizedEsInterval: true,
  interval: 'm',
  drop_partials: false,
  min_doc_count: 0,
  extended_bounds: {},
})

/** Returns axes and series as both programs expect them, even if they equal the defaults. */
function axes(type: 'line' | 'histogram', name: string, unit: string): Visualization['params'] {
  return {
    type,
    grid: { categoryLines: false },
    addTooltip: true,
    addLegend: false,
    legendPosition: 'right',
    times: [],
    addTimeMarker: false,
    categoryAxes: [
      {
        id: 'CategoryAxis-1',
        type: 'category',
        position: 'bottom',
        show: true,
        style: {},
        scale: { type: 'linear' },
        labels: { show: true, filter: true, truncate: 100 },
        title: { text: unit },
      },
    ],
    valueAxes: [
      {
        id: 'ValueAxis-1',
        name: 'LeftAxis-1',
        type: 'value',
        position: 'left',
        show: true,
        style: {},
        scale: { type: 'linear', mode: 'normal' },
        labels: { show: true, rotate: 0, filter: false, truncate: 100 },
        title: { text: name },
      },
    ],
    seriesParams: [
      {
        show: true,
        type,
        mode: 'normal',
        data: { label: name, id: '1' },
        valueAxis: 'ValueAxis-1',
        drawLinesBetweenPoints: true,
        lineWidth: 2,
        showCircles: false,
        interpolate: 'linear',
      },
    ],
    thresholdLine: { show: false, value: 10, width: 1, style: 'full', color: '#E7664C' },
    labels: { show: false },
  }
}

export const states: Visualization = {
  id: 'weir-taxi-states',
  title: 'Taxis by state',
  description: 'Taxis by state.',
  type: 'pie',
  params: {
    type: 'pie',
    addTooltip: true,
    addLegend: true,
    legendPosition: 'right',
    isDonut: true,
    labels: { show: false, values: true, last_level: true, truncate: 100 },
  },
  aggs: [
    metric('cardinality', 'Taxis', 'deviceId'),
    buckets('2', 'terms', 'segment', {
      field: 'state',
      orderBy: '1',
      order: 'desc',
      size: 5,
      otherBucket: false,
      missingBucket: false,
    }),
  ],
}

export const speeds: Visualization = {
  id: 'weir-taxi-speeds',
  title: 'Speeds',
  description: 'Reports by speed, in classes of 10 km/h.',
  type: 'histogram',
  params: axes('histogram', 'Reports', 'km/h'),
  aggs: [
    metric('count', 'Reports'),
    buckets('2', 'histogram', 'segment', {
      field: 'speed',
      interval: 10,
      min_doc_count: false,
      has_extended_bounds: false,
      extended_bounds: { min: '', max: '' },
    }),
  ],
}

export const trips: Visualization = {
  id: 'weir-taxi-trips',
  title: 'Trips per minute',
  description: 'Trips under way in each minute of event time.',
  type: 'line',
  params: axes('line', 'Trips', 'event time'),
  aggs: [metric('cardinality', 'Trips', 'tripId'), perMinute],
}

export const demand: Visualization = {
  id: 'weir-taxi-demand',
  title: 'Demand by zone and minute',
  description: 'Trips in the busiest zones, minute by minute.',
  type: 'heatmap',
  params: {
    type: 'heatmap',
    addTooltip: true,
    addLegend: true,
    enableHover: false,
    legendPosition: 'right',
    times: [],
    colorsNumber: 6,
    colorSchema: 'Greens',
    setColorRange: false,
    colorsRange: [],
    invertColors: false,
    percentageMode: false,
    valueAxes: [
      {
        show: false,
        id: 'ValueAxis-1',
        type: 'value',
        scale: { type: 'linear', defaultYExtents: false },
        labels: { show: false, rotate: 0, overwriteColor: false, color: 'black' },
      },
    ],
  },
  aggs: [
    metric('cardinality', 'Trips', 'tripId'),
    perMinute,
    buckets('3', 'terms', 'group', {
      field: 'zoneName',
      orderBy: '1',
      order: 'desc',
      size: 15,
      otherBucket: false,
      missingBucket: false,
    }),
  ],
}

/** Returns a map of circles or of heat. Only OpenSearch Dashboards gets it: Kibana has its own maps. */
function placesOf(
  id: string,
  title: string,
  description: string,
  mapType: string,
  counted: Aggregation,
): Visualization {
  const view = { mapZoom: 11, mapCenter: [40.755, -73.975] }
  return {
    id,
    title,
    description,
    type: 'tile_map',
    params: {
      mapType,
      colorSchema: 'Greens',
      isDesaturated: true,
      addTooltip: true,
      heatClusterSize: 1.5,
      legendPosition: 'bottomright',
      ...view,
      wms: { enabled: false, options: { format: 'image/png', transparent: true } },
    },
    aggs: [
      counted,
      buckets('2', 'geohash_grid', 'segment', {
        field: 'position',
        autoPrecision: true,
        precision: 7,
        useGeocentroid: true,
        isFilteredByCollar: true,
        ...view,
      }),
    ],
  }
}

export const places = placesOf(
  'weir-taxi-places',
  'Where taxis are',
  'Taxis by place.',
  'Scaled Circle Markers',
  metric('cardinality', 'Taxis', 'deviceId'),
)
export const heat = placesOf(
  'weir-taxi-heat',
  'Where trips are',
  'Trips by place.',
  'Heatmap',
  metric('cardinality', 'Trips', 'tripId'),
)
