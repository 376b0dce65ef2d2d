"""The feature contract, and the history of a shop whose columns it describes."""
import csv
import gzip
import hashlib
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CONTRACT = Path(__file__).parent.parent / 'features.json'
# More than ten times the rows of a year of 60 products.
MAX_ROWS = 10_000_000
# A longer line is read as several, which do not have the right number of values.
MAX_LINE_BYTES = 10_000


class Refused(Exception):
    """The input cannot be used. The message is one sentence that says what to correct."""


@dataclass(frozen=True)
class Contract:
    features: list
    label: dict
    sha256: str

    @property
    def names(self):
        return [feature['name'] for feature in self.features]

    def column(self, name):
        return self.names.index(name)

    @property
    def prices(self):
        """The columns that change with the price of a product."""
        return [i for i, name in enumerate(self.names) if name.startswith('price_to_')]


@dataclass(frozen=True)
class History:
    hours: np.ndarray
    products: np.ndarray
    features: np.ndarray
    units: np.ndarray
    # Of the text, since compressors of the same text differ.
    sha256: str

    def __len__(self):
        return len(self.units)

    def where(self, rows):
        return History(self.hours[rows], self.products[rows], self.features[rows], self.units[rows], self.sha256)

    def split(self, share):
        """Returns the rows before a point in time, and the later ones, which are `share` of all hours."""
        hours = np.unique(self.hours)
        first = hours[int(len(hours) * (1 - share))]
        return self.where(self.hours < first), self.where(self.hours >= first)


def read_contract():
    text = CONTRACT.read_bytes()
    contract = json.loads(text)
    return Contract(contract['features'], contract['label'], hashlib.sha256(text).hexdigest())


def read_history(file, contract):
    digest = hashlib.sha256()
    hours, products, values = [], [], []

    def lines():
        try:
            with gzip.open(file) as text:
                for line in iter(lambda: text.readline(MAX_LINE_BYTES), b''):
                    digest.update(line)
                    yield line.decode()
        except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
            raise Refused(f'{file} cannot be read: {error}.') from None

    rows = csv.reader(lines())
    expected = ['hour', 'product_id', *contract.names, contract.label['name']]
    if next(rows, None) != expected:
        raise Refused(f'{file} does not have the columns {",".join(expected)}; write it with ml/history.ts.')
    for number, row in enumerate(rows, 2):
        if len(row) != len(expected) or number > MAX_ROWS:
            raise Refused(f'{file}, line {number}: expected {len(expected)} values, and at most {MAX_ROWS} lines.')
        hours.append(row[0])
        products.append(row[1])
        try:
            values.append([float(value) for value in row[2:]])
        except ValueError as error:
            raise Refused(f'{file}, line {number}: {error}.') from None
    if not values:
        raise Refused(f'{file} has no rows.')
    table = np.array(values)
    check_ranges(file, table, contract)
    features = table[:, :-1].astype(np.float32)
    return History(np.array(hours), np.array(products), features, table[:, -1], digest.hexdigest())


def check_ranges(file, table, contract):
    for column, feature in enumerate([*contract.features, {**contract.label, 'min': 0, 'max': np.inf}]):
        values = table[:, column]
        inside = np.isfinite(values) & (values >= feature['min']) & (values <= feature['max'])
        if not inside.all():
            line = int(np.argmin(inside)) + 2
            raise Refused(
                f'{file}, line {line}: {feature["name"]} is {values[line - 2]}; '
                f'the contract allows {feature["min"]} to {feature["max"]}.')
