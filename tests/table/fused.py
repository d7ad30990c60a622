"""Cases of fused nodes that need no subgraph."""

from tests.table import Case

CASES = [
    Case("_CrossDeviceCopy", [(2, 3)]),
    Case("_sg_mkldnn_selfatt_qk", [(3, 2, 24)], {"heads": 2}),
    Case("_sg_mkldnn_selfatt_valatt", [(3, 2, 24), (4, 3, 3)], {"heads": 2}),
]
