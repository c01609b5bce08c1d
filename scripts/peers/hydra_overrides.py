"""Writes tests/config/compose/hydra_overrides.jsonl: what Hydra's parser reads in each
override below, and what OmegaConf makes of each interpolation below.

    pip install hydra-core==1.3.8
    python3 scripts/peers/hydra_overrides.py
    deno test -A tests/config/compose/override_grammar_test.ts

The test requires the same values here, with these differences, which it lists one
by one:

- Sweeps are read as sweeps and refused: a command starts one run.
- What Hydra's grammar refuses and has one plain reading is text: globs with brackets
  inside ("[notes/[ab]*.{md,txt}]"), names with parentheses, "=", a quote inside a
  word, "~", "#", ";", letters beyond ASCII. So paths need no quotes.
- 'it''s' is "it's", as YAML and --print-config write it.
- Mappings may have keys in quotes, as JSON has them.
- Blanks may follow a closing bracket or quote.
- References may be nested without quotes: ${a.${b}}.
- An override must have a key: Hydra's "=3" is refused.

Read with the right grammar and refused here, as they have no meaning: deletions
("~key"), packages ("group@package=choice"), and Hydra's own settings ("hydra.run.dir=x").
"""

import json
import math
import os
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Sweep
from omegaconf import OmegaConf

# Values, each read as `k=<value>`.
VALUES = r"""
op
default-parallel
3
-3
+5
0
-0
00
017
-017
1_000
1__000
1_
_1
1,000
12345678901234567890
1.5
1.
.5
-.5
+.5
1.10
0.1.2
1e3
1e-3
1E+3
1.e-8
1e
e3
1e-3x
1e400
0123.5
01e5
1_0.2_5
0x10
0b1
1:30
2024-01-01
2026
inf
-inf
+inf
Infinity
nan
NaN
-nan
infx
true
True
TRUE
tRuE
false
False
yes
no
on
off
trueish
null
NULL
Null
none
None
nil
a b
 a
a 
  3  
true false
1 2
a	b
''
""
'a b'
"a b"
'3'
"null"
'it\'s'
"it's"
'say "hi"'
"say \"hi\""
'a\b'
'a\\'
'a\\b'
"a\\\"b"
"\\"
"\\\\"
'\n'
'a,b'
'[a]'
 'a' 
'a'b
a'b
'a
a'
it's
'it''s'
C:\new\folder
a\\b
a\\
\\
\\\\
\
a\nb
a\,b
a\=b
a\:b
a\ b
\ a
a\ 
\(a\)
\[a\]
\{a\}
a\'b
a=b
k=v=w
a:b
a: b
:
a/b
/usr/share
notes/**/*.md
*.txt
**
?
a?b
a|b
100%
a%b
user@host
@
a+b
a-b
-
--
-x
+
.
..
./x
../x
a.b.c
$
$HOME
a$b
~
~/data
a~b
#x
a#b
a;b
a!b
a&b
a<b
a>b
a^b
a`b
naïve
日本
hf://datasets/a/b@main
https://example.org/a?b=c
[]
[ ]
[a]
[a,b]
[a, b]
[ a , b ]
[1,2.0,true,null,x]
[017,1e-3,010]
['a,b',"c"]
[[a,b],[c]]
[[]]
[a,]
[,a]
[a,,b]
[a b,c d]
[a:b]
[a,b
a]
[a]]
[[a]
[/usr/**/*.py]
[/usr/[ab].py]
[ab]*.txt
[*.{md,txt}]
*.{md,txt}
{a,b}/*.txt
[{a:1},{b:2}]
[it's.txt]
[-]
[~/a,b]
[a]b
[a] 
[ 'a' , "b" ]
[a\,b]
[a=b]
{}
{ }
{a:1}
{a: 1, b: 2}
{a:1,b:[x,y]}
{a:{b:{c:1}}}
{a:'x y'}
{a}
{a:}
{:1}
{a:1
{a b:1}
{1:2}
{a.b:1}
{'a':1}
{a:b:c}
{a:${x}}
a,b
1,2,3
[a],[b]
[a,b],[c,d]
'a','b'
a,
,
,a
a,b=c
choice(a,b)
choice(a)
choice([a,b],[c])
range(1,3)
range(5)
interval(0,1)
glob(*)
tag(t,choice(a,b))
shuffle(a,b)
int(3.0)
int(3.9)
int(-3.9)
int('7')
int(017)
int(true)
int(a)
int([1.5,2])
int(1,2)
int()
int(null)
float(1)
float('1e-3')
float(a)
float(true)
str(1)
str(1e-3)
str(1e-5)
str(1e16)
str(123456.0)
str(1.0)
str(true)
str([1,2.5])
str(a)
str('a b')
str(+5)
str(null)
str(value=3)
bool(0)
bool(1)
bool(true)
bool('False')
bool(a)
bool(0.0)
bool([0,1])
int (3)
int( 3 )
 int(3)
int(3)x
foo(1)
report (1).txt
a(b
a(b)
(a)
(0.9, 0.98)
)
str(int(3.5))
[int(3.5),b]
{a:int(3.5)}
${x}
${a.b}
${.x}
${oc.env:HOME}
${oc.env:X,a b}
${oc.env:X,[1]}
runs/${model.n_layer}-x
a\${b}
${a.${b}}
${}
${a
'${a}'
[${a},${b}]
${a},${b}
""".split("\n")[1:-1]

# Whole overrides.
OVERRIDES = [
    "seed=3",
    "+seed=3",
    "++seed=3",
    "~seed",
    "~seed=3",
    "+++seed=3",
    "model.n_layer=3",
    "++model.n_layer=3",
    "~model.n_layer",
    "model=op",
    "+model=op",
    "++model=op",
    "~model",
    "~model=op",
    "experiment=deep/er",
    "model@pkg=op",
    "model@a.b=op",
    "hydra/launcher=joblib",
    "hydra.run.dir=x",
    "a/b/c=d",
    "seed=",
    "+seed=",
    "~seed=",
    "seed= 3",
    "seed =3",
    " seed=3",
    "seed",
    "+seed",
    "=3",
    "a..b=3",
    "a.=3",
    ".a=3",
    "a b=3",
    "a.0=3",
    "a.b-c=3",
    "a-b=3",
    "$a=3",
    "1a=3",
    "--x=1",
    "a:b=1",
    "a%=1",
    "",
    "a[0]=1",
]

# Configs in YAML, and the key to resolve.
INTERPOLATIONS = [
    (r"{a: 1, x: '${a}'}", "x"),
    (r"{a: 1, x: '${ a }'}", "x"),
    (r"{a: 1, x: 'v${a}'}", "x"),
    (r"{a: true, x: 'v${a}'}", "x"),
    (r"{a: null, x: 'v${a}'}", "x"),
    (r"{a: 1e-3, x: 'v${a}'}", "x"),
    (r"{a: 1.0e-5, x: 'v${a}'}", "x"),
    (r"{a: 2.0, x: 'v${a}'}", "x"),
    (r"{a: 1e16, x: 'v${a}'}", "x"),
    (r"{a: 123456789.5, x: 'v${a}'}", "x"),
    (r"{m: {a: 1, x: '${.a}'}}", "m.x"),
    (r"{m: {n: {x: '${..a}'}, a: 2}}", "m.n.x"),
    (r"{m: {n: {x: '${...a}'}}, a: 3}", "m.n.x"),
    (r"{a: 3, x: '${.a}'}", "x"),
    (r"{m: {a: 1, x: '${m.a}'}}", "m.x"),
    (r"{m: {a: 1}, x: '${m[a]}'}", "x"),
    (r"{l: [5, 6], x: '${l.1}'}", "x"),
    (r"{l: [5, 6], x: '${l[1]}'}", "x"),
    (r"{a: 1, l: ['${a}', 'v${a}'], x: '${l}'}", "x"),
    (r"{m: {a: 1, x: ['${..a}']}}", "m.x"),
    (r"{a: b, b: 7, x: '${${a}}'}", "x"),
    (r"{k: a, m: {a: 8}, x: '${m.${k}}'}", "x"),
    (r"{a: '${b}', b: '${c}', c: 9, x: '${a}-${b}'}", "x"),
    (r"{x: '\${a}'}", "x"),
    (r"{a: 1, x: '\\${a}'}", "x"),
    (r"{a: 1, x: '\\\${a}'}", "x"),
    (r"{a: 1, x: 'c:\d\${a}'}", "x"),
    (r"{a: 1, x: 'c:\d ${a}'}", "x"),
    (r"{a: 1, x: '$a {a} $${a}'}", "x"),
    (r"{x: '${oc.env:PEER_TEXT}'}", "x"),
    (r"{x: 'v${oc.env:PEER_TEXT}'}", "x"),
    (r"{x: '${oc.env:PEER_NONE,default}'}", "x"),
    (r"{x: '${oc.env:PEER_NONE, a b }'}", "x"),
    ("{x: \"${oc.env:PEER_NONE,'a,b'}\"}", "x"),
    (r"{x: '${oc.env:PEER_NONE,null}'}", "x"),
    (r"{a: 1, x: '${oc.env:PEER_NONE,v${a}}'}", "x"),
    (r"{x: '${oc.env:PEER_NONE}'}", "x"),
    (r"{x: '${nope}'}", "x"),
    (r"{x: '${a', a: 1}", "x"),
    (r"{x: '${x}'}", "x"),
    (r"{x: '${....a}', a: 1}", "x"),
]


def plain(value):
    """JSON has no infinities, and JavaScript no integers beyond 2^53."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {"number": repr(value)}
    if isinstance(value, float):
        return value if math.isfinite(value) else {"number": repr(value)}
    if isinstance(value, dict):
        return {"mapping": {str(k): plain(v) for k, v in value.items()}}
    return [plain(item) for item in value]


def parse(source):
    try:
        override = OverridesParser.create().parse_override(source)
    except Exception:
        return {"refused": True}
    made = {
        "prefix": {"CHANGE": "", "ADD": "+", "FORCE_ADD": "++", "DEL": "~"}[
            override.type.name
        ],
        "key": override.key_or_group,
    }
    if override.package is not None:
        made["package"] = override.package
    value = override.value()
    if isinstance(value, (Sweep, Glob)):
        return {**made, "sweep": True}
    if override.value_type is not None:
        made["value"] = plain(value)
    return made


def resolve(text, key):
    try:
        value = OmegaConf.select(OmegaConf.create(text), key)
        if OmegaConf.is_config(value):
            value = OmegaConf.to_container(value, resolve=True)
        return {"value": plain(value)}
    except Exception:
        return {"refused": True}


def main():
    os.environ["PEER_TEXT"] = "some text"
    os.environ.pop("PEER_NONE", None)
    sources = OVERRIDES + [f"k={value}" for value in VALUES]
    lines = [{"override": source, **parse(source)} for source in sources] + [
        {"yaml": text, "of": key, **resolve(text, key)} for text, key in INTERPOLATIONS
    ]
    out = Path(__file__).parents[2] / "tests/config/compose/hydra_overrides.jsonl"
    out.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


if __name__ == "__main__":
    main()
