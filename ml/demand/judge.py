"""How good predictions are on rows that the model has not seen."""
import numpy as np

CALIBRATION_GROUPS = 10
# Prices at which demand is compared, relative to the price of each row.
PRICE_FACTORS = [round(0.7 + 0.05 * step, 2) for step in range(13)]
# Prices relative to the usual one.
PRICE_BOUNDS = [0, 0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15, 1.2, np.inf]
MIN_LAST_HOURS = [0.05 * step for step in range(1, 41)]
# The likelihood of a sale where none was predicted would be 0.
MIN_PREDICTION = 0.01
SEED = 1


def deviance(units, predicted):
    """The mean Poisson deviance: twice the difference of the log-likelihood to that of a perfect prediction."""
    predicted = np.maximum(predicted, MIN_PREDICTION)
    logs = np.where(units > 0, units * np.log(np.maximum(units, 1) / predicted), 0)
    return float(2 * np.mean(logs - units + predicted))


def measures(units, predicted):
    return {
        'poissonDeviance': deviance(units, predicted),
        'meanAbsoluteError': float(np.mean(np.abs(units - predicted))),
        'rootMeanSquaredError': float(np.sqrt(np.mean((units - predicted) ** 2))),
        'predictedToSold': float(predicted.sum() / units.sum()),
    }


def baselines(earlier, later, contract):
    """Predictions without a model. An hour without sales counts as the small number that suits the earlier rows."""
    column = contract.column('units_hour')

    def last_hour(history, least):
        return np.maximum(history.features[:, column].astype(np.float64), least)

    least = min(MIN_LAST_HOURS, key=lambda least: deviance(earlier.units, last_hour(earlier, least)))
    overall = earlier.units.mean()
    means = {product: earlier.units[earlier.products == product].mean() for product in np.unique(earlier.products)}
    return {
        'meanOfProduct': np.array([means.get(product, overall) for product in later.products]),
        'lastHour': last_hour(later, least),
    }


def chance(predicted):
    """The deviance that remains if the predictions are the true means and each sale is of one pair."""
    return deviance(np.random.default_rng(SEED).poisson(predicted), predicted)


def calibration(units, predicted):
    """Compares sums in groups of equal size, from the lowest predictions to the highest."""
    groups = np.array_split(np.argsort(predicted, kind='stable'), CALIBRATION_GROUPS)
    return [
        {'rows': len(rows), 'predicted': float(predicted[rows].mean()), 'sold': float(units[rows].mean())}
        for rows in groups
    ]


def at_prices(predict, features, contract):
    """Returns the demand if all prices were changed by a factor, relative to the demand at the prices that were."""
    def total(factor):
        changed = features.copy()
        changed[:, contract.prices] *= np.float32(factor)
        return predict(changed).sum()
    reference = total(1)
    return [{'factor': factor, 'demand': float(total(factor) / reference)} for factor in PRICE_FACTORS]


def elasticity(response):
    """The percentage by which demand changes when the price rises by one."""
    demand = {point['factor']: point['demand'] for point in response}
    return float(np.log(demand[1.1] / demand[0.9]) / np.log(1.1 / 0.9))


def by_price(units, predicted, features, contract):
    """Compares what was sold with the predictions in ranges of the price, both relative to what is usual."""
    price = features[:, contract.column('price_to_usual')]
    usual = features[:, contract.column('units_usual')].astype(np.float64)
    groups = []
    for low, high in zip(PRICE_BOUNDS, PRICE_BOUNDS[1:]):
        rows = (price >= low) & (price < high)
        if rows.sum() < 50:
            continue
        expected = usual[rows].sum()
        # Of the sum of independent hours; it also holds if shoppers buy two pairs.
        error = np.sqrt(((units[rows] - predicted[rows]) ** 2).sum())
        groups.append({
            'priceToUsual': float(price[rows].mean()),
            'rows': int(rows.sum()),
            'sold': float(units[rows].sum() / expected),
            'soldError': float(1.96 * error / expected),
            'predicted': float(predicted[rows].sum() / expected),
        })
    return groups
