import pandas as pd, pytest
from tests.analysis.test_every_figure import *
def test_discover(frames):
    out=[]
    for name in FIGURES:
        whole=drawn(frames,name)
        one=drawn(of(frames, lambda t: t["seed"]==t["seed"].min()), name)
        lvl=of(frames, lambda t: t["optim.noise"]==t["optim.noise"].max())
        a=drawn(lvl,name)
        unp=of(lvl, lambda t: t["prune.method"]=="none")
        sing=of(unp, lambda t: t["seed"]==t["seed"].min())
        b=drawn(sing,name)
        def d(x):
            if isinstance(x,str): return x
            f=x.frame; c=[k for k in ("low","high") if k in f]
            return dict(rows=len(f), cols=list(f.columns), notna=bool(f[c].notna().any(axis=None)) if c else None, noise=f["optim.noise"].nunique() if "optim.noise" in f else None)
        out.append((name,d(whole),d(one),d(a),d(b)))
    open("/tmp/discover.txt","w").write("\n".join(map(repr,out)))
for k in list(globals()):
    if k.startswith("test_") and k!="test_discover": del globals()[k]
