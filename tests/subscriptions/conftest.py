from tests.cast import *
from tests.stripe_sandbox import *
