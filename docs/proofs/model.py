# SPDX-License-Identifier: Apache-2.0
"""What a protocol is: relations that start empty, actions with named guards, and invariants."""

from dataclasses import dataclass, field, replace
from typing import Callable

from formula import Formula, Relation, all_of, equal, forall, implies, variables


@dataclass(frozen=True)
class Action:
    name: str
    parameters: tuple
    guards: dict
    updates: tuple
    # What the action does where the named rule is broken; only for rules that are no guards.
    broken: dict = field(default_factory=dict)

    def names(self):
        return [*self.guards, *self.broken]

    def without(self, rule):
        """The same action with one guard or rule taken out."""
        guards = {name: f for name, f in self.guards.items() if name != rule}
        updates = self.broken.get(rule, self.updates)
        return Action(self.name, self.parameters, guards, updates, self.broken)


@dataclass(frozen=True)
class Instance:
    """A finite size of a model: how many elements each sort has, and what is known of them."""

    sizes: dict
    # Fixed relations with a given meaning: functions from element numbers to Booleans.
    meanings: dict


@dataclass(frozen=True)
class Search:
    """Where to look for a run: an instance, and the most steps."""

    instance: Instance
    steps: int


@dataclass(frozen=True)
class NamedState:
    """A state that some run has to reach, so that the proofs are not about nothing."""

    name: str
    formula: Formula
    search: Search


@dataclass
class Model:
    name: str
    sorts: tuple
    relations: dict = field(default_factory=dict)
    axioms: dict = field(default_factory=dict)
    actions: dict = field(default_factory=dict)
    properties: dict = field(default_factory=dict)
    lemmas: dict = field(default_factory=dict)
    states: list = field(default_factory=list)
    # Guards without which all invariants still hold. Every other guard has to be load-bearing.
    unnecessary: tuple = ()
    # Load-bearing guards without which no run to a broken property is known: their loss breaks a
    # lemma that the proof rests on.
    without_run: tuple = ()
    # The guard whose loss is told at length, as a run that ends badly.
    twin: str = ''
    # Fixed relations that a printed run needs to be understood.
    shown: tuple = ()
    # Where to look for a run to a broken property, one after the other.
    searches: tuple = ()

    def relation(self, text, fixed=False):
        """`'received node seq'` declares a relation between nodes and seqs."""
        name, *sorts = text.split()
        assert set(sorts) <= set(self.sorts) and name not in self.relations
        self.relations[name] = Relation(name, tuple(sorts), fixed)
        return self.relations[name]

    def order(self, sort):
        """A total order of a sort: returns `at_most` and `less`."""
        at_most = self.relation(f'{sort}_at_most {sort} {sort}', fixed=True)
        x, y, z = variables(sort, 'x y z')
        self.axioms[f'{sort}.order'] = all_of(
            forall(x, at_most(x, x)),
            forall(x, y, z, implies(at_most(x, y) & at_most(y, z), at_most(x, z))),
            forall(x, y, implies(at_most(x, y) & at_most(y, x), equal(x, y))),
            forall(x, y, at_most(x, y) | at_most(y, x)),
        )
        less: Callable = lambda a, b: at_most(a, b) & ~equal(a, b)
        return at_most, less

    def action(self, name, parameters, guards, updates, broken=None):
        self.actions[name] = Action(name, tuple(parameters), guards, tuple(updates), broken or {})

    def changing(self):
        return [r for r in self.relations.values() if not r.fixed]

    def invariants(self):
        return {**self.properties, **self.lemmas}

    def guards(self):
        """All names of guards and rules, in the order of the actions."""
        found = {}
        for action in self.actions.values():
            found.update(dict.fromkeys(action.names()))
        return list(found)

    def without(self, guard):
        """The same model with one guard or rule taken out."""
        actions = {name: a.without(guard) for name, a in self.actions.items()}
        return replace(self, actions=actions)

    def actions_with(self, guard):
        return [a for a in self.actions.values() if guard in a.names()]
