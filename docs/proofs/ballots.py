# SPDX-License-Identifier: Apache-2.0
"""How the members of a view decide one thing, whoever of them leads: the frame of a view change.

A ballot is an attempt of one leader; ballots are totally ordered. A report promises a ballot,
leaves all earlier ones, and says what the member has and echoed, all in one message. What a
decision is about (`trim.py`) is left open here: it is an element of a sort, and the
model says what follows from it. Any member may begin a ballot at any time, so suspicions and
clocks play no part. A member that has crashed is one that takes no further action.
"""

from formula import equal, exists, forall, implies, variables

n, o = variables('node', 'n o')
a, b, c, e = variables('ballot', 'a b c e')
d, f = variables('decision', 'd f')
p, q = variables('party', 'p q')

SORTS = ('node', 'ballot', 'party', 'decision')


def meanings(nodes, parties):
    """What the fixed relations mean where the members of each party are given."""
    return {
        'ballot_at_most': lambda x, y: x <= y,
        'inside': lambda node, party: node in parties[party],
        'majority': lambda party: 2 * len(parties[party]) > nodes,
    }


class Ballots:
    """Adds relations, lemmas and actions of a decision by ballots to a model."""

    def __init__(self, model):
        self.model = model
        self.at_most, self.less = model.order('ballot')
        # Any set of members may be a party; two majorities have a member in common.
        self.inside = model.relation('inside node party', fixed=True)
        self.majority = model.relation('majority party', fixed=True)
        self.stays = model.relation('stays decision node', fixed=True)
        self.wedged = model.relation('wedged node')
        self.begun = model.relation('begun ballot')
        self.promised = model.relation('promised node ballot')
        self.left = model.relation('left node ballot')
        self.reported_echo = model.relation('reported_echo node ballot ballot')
        self.proposed = model.relation('proposed ballot decision')
        self.echoed = model.relation('echoed node ballot')
        self.committed = model.relation('committed ballot')
        model.axioms['majorities.meet'] = forall(
            p,
            q,
            implies(
                self.majority(p) & self.majority(q),
                exists(n, self.inside(n, p) & self.inside(n, q)),
            ),
        )
        self._say_what_holds()

    def decided(self, ballot, decision):
        """A ballot has come to a decision."""
        return self.committed(ballot) & self.proposed(ballot, decision)

    def _say_what_holds(self):
        m = self.model
        m.properties['one decision'] = forall(
            a, b, d, f, implies(self.decided(a, d) & self.decided(b, f), equal(d, f))
        )
        m.lemmas.update(
            {
                'a promise is made wedged': forall(
                    n, b, implies(self.promised(n, b), self.wedged(n))
                ),
                'a promise leaves earlier ballots': forall(
                    n, a, b, implies(self.promised(n, b) & self.less(a, b), self.left(n, a))
                ),
                'an echo keeps a promise': forall(
                    n, b, implies(self.echoed(n, b), self.promised(n, b))
                ),
                'reported echoes are earlier echoes': forall(
                    n,
                    a,
                    b,
                    implies(
                        self.reported_echo(n, b, a),
                        (self.echoed(n, a) & self.less(a, b) & self.promised(n, b)),
                    ),
                ),
                'a report tells all earlier echoes': forall(
                    n,
                    a,
                    b,
                    implies(
                        self.promised(n, b) & self.less(a, b) & self.echoed(n, a),
                        self.reported_echo(n, b, a),
                    ),
                ),
                'one proposal in a ballot': forall(
                    b, d, f, implies(self.proposed(b, d) & self.proposed(b, f), equal(d, f))
                ),
                'a commit has echoes of a majority': forall(
                    b,
                    implies(
                        self.committed(b),
                        exists(
                            p,
                            self.majority(p)
                            & forall(n, implies(self.inside(n, p), self.echoed(n, b))),
                        ),
                    ),
                ),
                # The heart: what a ballot proposes is all that any earlier ballot can still decide.
                'a proposal shuts out others': forall(
                    a,
                    b,
                    d,
                    p,
                    implies(
                        self.proposed(b, d)
                        & self.less(a, b)
                        & ~self.proposed(a, d)
                        & self.majority(p),
                        exists(n, self.inside(n, p) & self.left(n, a) & ~self.echoed(n, a)),
                    ),
                ),
            }
        )

    def add_actions(self, report, fresh, echo):
        """`report` are updates, `fresh` and `echo` are guards that a model adds to its own.

        `fresh` may use `b` (the ballot), `p` (whose reports count) and `d` (the decision),
        `echo` and `report` may use `n` (the member) and `b`; `echo` also `d`.
        """
        m = self.model
        m.action('wedge', [n], {}, [self.wedged.gains(n)])
        m.action('begin', [b], {}, [self.begun.gains(b)])
        m.action(
            'report',
            [n, b],
            {
                'report.begun': self.begun(b),
                'report.newer': ~self.promised(n, b) & ~self.left(n, b),
                'report.wedged': self.wedged(n),
            },
            [
                self.promised.gains(n, b),
                self.left.becomes(o, a, self.left(o, a) | equal(o, n) & self.less(a, b)),
                self.reported_echo.becomes(
                    o,
                    c,
                    a,
                    self.reported_echo(o, c, a) | equal(o, n) & equal(c, b) & self.echoed(n, a),
                ),
                *report,
            ],
        )
        counted = {
            'propose.once': forall(f, ~self.proposed(b, f)),
            'propose.reported': forall(n, implies(self.inside(n, p), self.promised(n, b))),
            'propose.majority': self.majority(p),
        }
        m.action(
            'propose fresh',
            [b, p, d],
            {
                **counted,
                'propose.adopts': forall(
                    n, a, implies(self.inside(n, p), ~self.reported_echo(n, b, a))
                ),
                **fresh,
            },
            [self.proposed.gains(b, d)],
        )
        # n reported an echo of e, and nobody of the party a later one.
        m.action(
            'propose again',
            [b, p, d, n, e],
            {
                **counted,
                'propose.echoed': self.inside(n, p)
                & self.reported_echo(n, b, e)
                & self.proposed(e, d),
                'propose.latest': forall(
                    o,
                    a,
                    implies(self.inside(o, p) & self.reported_echo(o, b, a), self.at_most(a, e)),
                ),
            },
            [self.proposed.gains(b, d)],
        )
        m.action(
            'echo',
            [n, b, d],
            {
                'echo.proposed': self.proposed(b, d),
                'echo.promised': self.promised(n, b) & ~self.left(n, b),
                **echo,
            },
            [self.echoed.gains(n, b)],
        )
        m.action(
            'commit',
            [b, p],
            {
                'commit.echoed': forall(n, implies(self.inside(n, p), self.echoed(n, b))),
                'commit.majority': self.majority(p),
            },
            [self.committed.gains(b)],
        )
