# SPDX-License-Identifier: Apache-2.0
"""First-order formulas over relations, without functions, written with Python's operators.

`~a`, `a & b` and `a | b` are not, and, or. There are no functions and no
numbers: that keeps the proofs inside a fragment in which the solver always finds an answer.
"""

from dataclasses import dataclass


class Formula:
    """Something that holds in a state or does not."""

    def __and__(self, other):
        return And((self, other))

    def __or__(self, other):
        return Or((self, other))

    def __invert__(self):
        return Not(self)

    def __bool__(self):
        raise TypeError('a formula is no truth value: use &, | and ~')


@dataclass(frozen=True)
class Variable:
    name: str
    sort: str


@dataclass(frozen=True)
class Relation:
    """A set of tuples. A `fixed` relation is the same in all states."""

    name: str
    sorts: tuple
    fixed: bool = False

    def __call__(self, *arguments):
        given = tuple(a.sort for a in arguments)
        if given != self.sorts:
            raise TypeError(f'{self.name} takes {self.sorts}, not {given}')
        return Atom(self, arguments)

    def fresh_variables(self):
        return tuple(Variable(f'{sort}{i}', sort) for i, sort in enumerate(self.sorts))

    def gains(self, *arguments):
        """The update after which the relation holds for these arguments, too."""
        places = self.fresh_variables()
        added = all_of(*[equal(p, a) for p, a in zip(places, arguments)])
        return Update(self, places, self(*places) | added, arguments)

    def becomes(self, *places_and_formula):
        """The update after which the relation holds where the formula held before."""
        *places, formula = places_and_formula
        return Update(self, tuple(places), formula)


@dataclass(frozen=True)
class Atom(Formula):
    relation: Relation
    arguments: tuple


@dataclass(frozen=True)
class Equal(Formula):
    left: Variable
    right: Variable


@dataclass(frozen=True)
class Not(Formula):
    body: Formula


@dataclass(frozen=True)
class And(Formula):
    parts: tuple


@dataclass(frozen=True)
class Or(Formula):
    parts: tuple


@dataclass(frozen=True)
class ForAll(Formula):
    variables: tuple
    body: Formula


@dataclass(frozen=True)
class Exists(Formula):
    variables: tuple
    body: Formula


@dataclass(frozen=True)
class Update:
    relation: Relation
    places: tuple
    formula: Formula
    # The arguments that are added where nothing else changes.
    addition: tuple = None

    def added(self, environment):
        """The one tuple that the update adds; None where it may change more."""
        return self.addition and tuple(environment[a] for a in self.addition)


def variables(sort, names):
    return [Variable(name, sort) for name in names.split()]


def forall(*variables_and_body):
    *names, body = variables_and_body
    return ForAll(tuple(names), body)


def exists(*variables_and_body):
    *names, body = variables_and_body
    return Exists(tuple(names), body)


def all_of(*parts):
    return And(tuple(parts))


def equal(left, right):
    if left.sort != right.sort:
        raise TypeError(f'{left.name} and {right.name} are of different sorts')
    return Equal(left, right)


def implies(premise, conclusion):
    return Or((Not(premise), conclusion))


def iff(left, right):
    return implies(left, right) & implies(right, left)


def relations_in(formula):
    """The names of the relations that a formula reads."""
    if isinstance(formula, Atom):
        return {formula.relation.name}
    if isinstance(formula, Equal):
        return set()
    parts = formula.parts if isinstance(formula, (And, Or)) else (formula.body,)
    return set().union(*[relations_in(part) for part in parts])


def atoms_of(formula, relation):
    """The arguments of each place where a relation is read, without repeats.

    None where it is read below a quantifier, whose variables have no names outside.
    """
    if isinstance(formula, Atom):
        return [formula.arguments] if formula.relation == relation else []
    if isinstance(formula, Equal):
        return []
    if isinstance(formula, (ForAll, Exists)):
        return None if relation.name in relations_in(formula) else []
    parts = formula.parts if isinstance(formula, (And, Or)) else (formula.body,)
    found = {}
    for part in parts:
        inner = atoms_of(part, relation)
        if inner is None:
            return None
        found.update(dict.fromkeys(inner))
    return list(found)
