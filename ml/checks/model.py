"""Checks the committed model.

HISTORY is the history from which it was trained, RETRAINED the folder of a model that was trained again, and OTHER the
history of a shop with other products.
"""
import gzip
import hashlib
import json
import os
import tempfile
import unittest
from pathlib import Path

import numpy as np

from demand.history import Refused, read_contract, read_history
from demand.judge import baselines, deviance
from demand.model import to_onnx, train, usual_units
from demand.runtime import Predictor
from train import HELD_BACK_SHARE, judge

COMMITTED = Path(__file__).parent.parent / 'models' / 'sneaker-demand' / '1'
MAX_BYTES = 1_000_000


class Model(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.contract = read_contract()
        cls.history = read_history(os.environ['HISTORY'], cls.contract)
        cls.earlier, cls.later = cls.history.split(HELD_BACK_SHARE)
        cls.card = json.loads((COMMITTED / 'card.json').read_text())
        cls.bytes = (COMMITTED / 'model.onnx').read_bytes()
        cls.predict = Predictor(cls.bytes)

    def test_the_card_names_the_model_the_contract_and_the_data(self):
        self.assertEqual(self.card['model']['sha256'], hashlib.sha256(self.bytes).hexdigest())
        self.assertEqual(self.card['model']['bytes'], len(self.bytes))
        self.assertLess(len(self.bytes), MAX_BYTES)
        self.assertEqual(self.card['featuresSha256'], self.contract.sha256)
        self.assertEqual([feature['name'] for feature in self.card['features']], self.contract.names)
        self.assertEqual(self.card['data']['sha256'], self.history.sha256)

    def test_the_metrics_of_the_card_hold(self):
        judged = judge(self.predict, self.earlier, self.later, self.contract)
        for name, measured in judged['metrics'].items():
            for key, value in measured.items():
                self.assertAlmostEqual(self.card['metrics'][name][key] / value, 1, 3, f'{name}.{key}')
        self.assertAlmostEqual(self.card['elasticity'], judged['elasticity'], 3)

    def test_a_model_that_is_trained_again_predicts_the_same(self):
        again = Predictor((Path(os.environ['RETRAINED']) / 'model.onnx').read_bytes())(self.later.features)
        committed = self.predict(self.later.features)
        self.assertLess(np.mean(np.abs(again - committed)) / committed.mean(), 0.01)
        self.assertLess(np.quantile(np.abs(again / committed - 1), 0.99), 0.05)

    def test_the_exported_model_predicts_what_the_trees_do(self):
        trees = train(self.earlier, self.contract)
        features = self.later.features
        expected = trees.predict(features) * usual_units(features, self.contract)
        exported = Predictor(to_onnx(trees, self.contract))(features)
        differences = np.abs(exported / expected - 1)
        self.assertLess(np.quantile(differences, 0.999), 1e-5)
        # ONNX has thresholds of 32 bits: a row that is nearly on one may take the other branch of one tree.
        self.assertLess(np.max(differences), 0.02)

    def test_a_higher_price_never_sells_more_and_more_stock_never_less(self):
        rows = self.later.features[::7]
        before = np.full(len(rows), np.inf)
        for factor in np.linspace(0.7, 1.4, 15):
            changed = rows.copy()
            changed[:, self.contract.prices] = rows[:, self.contract.prices] * np.float32(factor)
            units = self.predict(changed)
            self.assertTrue((units <= before * (1 + 1e-5)).all(), f'at {factor:.2f} of the price')
            before = units
        stocked = rows.copy()
        stocked[:, self.contract.column('stock_cover')] = 1000
        self.assertTrue((self.predict(stocked) >= self.predict(rows) * (1 - 1e-5)).all())

    def test_the_model_explains_sales_of_products_that_it_does_not_know(self):
        other = read_history(os.environ['OTHER'], self.contract)
        earlier, later = other.split(0.5)
        model = deviance(later.units, self.predict(later.features))
        for name, guess in baselines(earlier, later, self.contract).items():
            self.assertLess(model, deviance(later.units, guess) * 0.7, name)

    def test_a_history_that_cannot_be_used_is_refused_with_its_line(self):
        with gzip.open(os.environ['HISTORY'], 'rt') as text:
            head, row = text.readline(), text.readline()
        values = row.split(',')
        for lines, message in [
            ([head.replace('price_to_list', 'price')], 'does not have the columns'),
            ([head], 'no rows'),
            ([head, row, 'a,b,1\n'], 'line 3: expected 17 values'),
            ([head, row.replace(values[2], 'cheap', 1)], 'line 2: could not convert'),
            ([head, row, row.replace(values[2], 'nan', 1)], 'line 3: price_to_list is nan'),
            ([head, row.replace(values[2], '9', 1)], 'line 2: price_to_list is 9.0; the contract allows 0.2 to 5'),
        ]:
            self.refuses(gzip.compress(''.join(lines).encode()), message)
        whole = Path(os.environ['HISTORY']).read_bytes()
        for content, message in [
            (whole[:len(whole) // 2], 'cannot be read: Compressed file ended'),
            (head.encode(), 'cannot be read: Not a gzipped file'),
            (gzip.compress(b'\xff' * 100), 'cannot be read'),
            (gzip.compress(b'x' * 1_000_000), 'does not have the columns'),
        ]:
            self.refuses(content, message)

    def refuses(self, content, message):
        with self.subTest(message), tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / 'history.csv.gz'
            file.write_bytes(content)
            with self.assertRaisesRegex(Refused, message):
                read_history(file, self.contract)
